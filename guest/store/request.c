/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <fcntl.h>
#include "report.h"

const char *request_string(const char *key)
{
	const char *value = json_get_string(report_request(), key, NULL);

	if (!value || !*value) {
		fail(FAIL_BAD_INPUT, "the request has no string \"%s\"", key);
	}
	return value;
}

int request_dir(const char *key, int flags)
{
	const char *path = request_string(key);
	int fd = open(path, flags | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		fail_errno("cannot open %s", path);
	}
	return fd;
}
