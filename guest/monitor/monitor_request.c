/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_request.h"

#include <string.h>
#include "json.h"

static const struct {
	const char *name;
	enum monitor_op op;
} ops[] = {
	{"start", MONITOR_START},   {"attach", MONITOR_ATTACH},
	{"resize", MONITOR_RESIZE}, {"close-stdin", MONITOR_CLOSE_STDIN},
	{"wait", MONITOR_WAIT},     {"reopen-log", MONITOR_REOPEN_LOG},
};

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two hexadecimal digits a byte. */
static bool parse_input(const char *text, struct monitor_request *request)
{
	size_t length = strlen(text) / 2;

	if (strlen(text) % 2 || length > MONITOR_INPUT_MAX) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		int high = digit(text[2 * i]);
		int low = digit(text[2 * i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		request->input[i] = (unsigned char)(high << 4 | low);
	}
	request->input_length = length;
	return true;
}

static const char *parse_attach(json *object, struct monitor_request *request)
{
	struct attach_options *attach = &request->attach;

	*attach = (struct attach_options){
		.with_stdin = json_get_bool(object, "stdin", false),
		.with_stdout = json_get_bool(object, "stdout", false),
		.with_stderr = json_get_bool(object, "stderr", false),
		.is_raw = json_get_bool(object, "raw", false),
	};
	if (!attach->with_stdin && !attach->with_stdout && !attach->with_stderr) {
		return "attach names none of stdin, stdout, stderr";
	}
	const char *keys = json_get_string(object, "detach_keys", NULL);
	if (!detach_keys_parse(keys && *keys ? keys : DETACH_KEYS_DEFAULT, &attach->detach)) {
		return "detach_keys are not keys like ctrl-p,ctrl-q";
	}
	if (!parse_input(json_get_string(object, "input", ""), request)) {
		return "input is not bytes as lower-case hexadecimal, at most 32768";
	}
	return NULL;
}

static const char *parse_resize(json *object, struct monitor_request *request)
{
	int64_t width = json_get_int(object, "width", -1);
	int64_t height = json_get_int(object, "height", -1);

	if (width < 0 || width > UINT16_MAX || height < 0 || height > UINT16_MAX) {
		return "resize wants width and height, 0 to 65535";
	}
	request->width = (uint16_t)width;
	request->height = (uint16_t)height;
	return NULL;
}

static const char *parse_object(json *object, struct monitor_request *request)
{
	const char *name = json_get_string(object, "op", NULL);

	if (!name) {
		return "the request is no object with a string \"op\"";
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(name, ops[i].name) != 0) {
			continue;
		}
		request->op = ops[i].op;
		if (request->op == MONITOR_ATTACH) {
			return parse_attach(object, request);
		}
		return request->op == MONITOR_RESIZE ? parse_resize(object, request) : NULL;
	}
	return "unknown op; there are start, attach, resize, close-stdin, wait, reopen-log";
}

const char *monitor_request_parse(const char *bytes, size_t length, struct monitor_request *request)
{
	const char *error;

	memset(request, 0, sizeof(*request));
	json *object = json_parse(bytes, length, &error);
	if (error) {
		return error;
	}
	error = parse_object(object, request);
	json_object_put(object);
	return error;
}
