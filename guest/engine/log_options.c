/* SPDX-License-Identifier: Apache-2.0 */
#include "log_options.h"
#include "body_check.h"
#include "spec_check.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILES_MAX        99
#define LOCAL_SIZE       (20 * 1024 * 1024) /* Docker's */
#define LOCAL_FILES      5
#define COMMON_OPTIONS   " max-size max-file compress mode max-buffer-size "
#define LABELLED_OPTIONS " labels labels-regex env env-regex tag "

static bool is_known(const char *name, const char *list)
{
	char *word = text_format(" %s ", name);
	bool found = !strchr(name, ' ') && strstr(list, word);

	free(word);
	return found;
}

static char *check_driver(const char *type)
{
	static const char elsewhere[] =
		" syslog journald fluentd gelf awslogs gcplogs splunk etwlogs logentries ";

	if (!*type || is_known(type, " json-file local none ")) {
		return NULL;
	}
	if (is_known(type, elsewhere)) {
		return text_format(
			"logger: the log driver %s is not there: logs are files here; take "
			"json-file or local and have a collector read them (docker logs -f), or "
			"hand the program the host's own socket (-v /dev/log:/dev/log)",
			type);
	}
	return text_format(
		"logger: no log driver named '%.60s' is registered; there are json-file, "
		"local and none",
		type);
}

static bool is_word(const char *value, const char *one, const char *other)
{
	return !strcasecmp(value, one) || !strcasecmp(value, other);
}

static char *check_size(const char *name, const char *value)
{
	/* -1 is the default's name. */
	if (spec_size(value) <= 0 && (strcmp(name, "max-size") || strcmp(value, "-1"))) {
		return text_format("invalid value for %s: %.60s: it is a size, as 10m", name,
				   value);
	}
	return NULL;
}

static char *check_option(const char *type, const char *name, const char *value)
{
	bool is_local = !strcmp(type, "local");

	if (!is_known(name, COMMON_OPTIONS) && (is_local || !is_known(name, LABELLED_OPTIONS))) {
		return text_format("unknown log opt '%.60s' for %s log driver", name,
				   is_local ? "local" : "json-file");
	}
	if (!strcmp(name, "max-size") || !strcmp(name, "max-buffer-size")) {
		return check_size(name, value);
	}
	if (!strcmp(name, "max-file") &&
	    (!*value || strspn(value, "0123456789") != strlen(value) ||
	     strtol(value, NULL, 10) < 1 || strtol(value, NULL, 10) > FILES_MAX)) {
		return text_format("max-file is %.60s, and must be 1 to %d", value, FILES_MAX);
	}
	if (!strcmp(name, "mode") && !is_word(value, "blocking", "non-blocking")) {
		return text_format("logger: logging mode is invalid: %.60s", value);
	}
	if (!strcmp(name, "compress") && is_word(value, "true", "1")) {
		return text_copy("log opt 'compress': rotated files are not compressed here; leave "
				 "it out, or "
				 "say false");
	}
	return NULL;
}

char *log_options_check(json *log)
{
	const char *type = json_get_string(log, "Type", "");
	json *options = json_get_object(log, "Config");
	char *error = check_driver(type);

	error = error ? error : body_check_strings(options, "LogConfig");
	if (error || !options || !strcmp(type, "none")) {
		return error;
	}
	json_object_object_foreach(options, name, value)
	{
		error = error ? error : check_option(type, name, json_object_get_string(value));
	}
	return error;
}

bool log_options_read(json *log, int64_t *size, int *files)
{
	const char *type = json_get_string(log, "Type", "");
	json *options = json_get(log, "Config");
	bool is_local = !strcmp(type, "local");
	const char *count = json_get_string(options, "max-file", NULL);

	*size = spec_size(json_get_string(options, "max-size", ""));
	*size = *size > 0 ? *size : is_local ? LOCAL_SIZE : 0;
	*files = count ? (int)strtol(count, NULL, 10) : is_local ? LOCAL_FILES : 1;
	return strcmp(type, "none") != 0;
}
