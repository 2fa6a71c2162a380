/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of the requests that a monitor gets on its socket, and of detach keys. */
/* Links: guest/monitor/monitor_request.c guest/monitor/detach_keys.c guest/common/text.c */
/* Links: guest/common/json.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include "monitor_request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct monitor_request *request = malloc(sizeof(*request));
	const char *wrong = monitor_request_parse((const char *)data, size, request);
	struct detach_keys keys;
	char *text = strndup((const char *)data, size);

	FUZZ_CHECK(!wrong || *wrong);
	if (!wrong) {
		FUZZ_CHECK(request->op <= MONITOR_REOPEN_LOG);
		FUZZ_CHECK(request->input_length <= MONITOR_INPUT_MAX);
		FUZZ_CHECK(request->op != MONITOR_ATTACH || request->attach.with_stdin ||
			   request->attach.with_stdout || request->attach.with_stderr);
	}
	if (detach_keys_parse(text, &keys)) {
		FUZZ_CHECK(keys.count <= DETACH_KEYS_MAX);
	}
	free(text);
	free(request);
	return 0;
}
