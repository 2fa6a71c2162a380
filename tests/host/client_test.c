/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's words: options, the API's objects made of them, answers of any shape. */
/* Links: guest/client/options.c guest/client/settings.c guest/client/http.c guest/common/text.c guest/common/json.c guest/common/file.c guest/common/base64.c */
/* Libraries: -ljson-c -lm */
#include "base64.h"
#include "client.h"

#include "settings.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "file.h"

static const struct option_word options[] = {
	{'i', "interactive", OPTION_FLAG, "x"}, {'t', "tty", OPTION_FLAG, "x"},
	{'e', "env", OPTION_LIST, "x"},         {'p', "publish", OPTION_LIST, "x"},
	{0, "name", OPTION_VALUE, "x"},         {'m', "memory", OPTION_VALUE, "x"},
	{0, "cpus", OPTION_VALUE, "x"},         {0, NULL, OPTION_FLAG, NULL},
};
static const struct client_word word = {"run", "IMAGE", "x", options, 1, -1, true, NULL, "x"};
static struct client client;

static bool parse(const char *line, int *result)
{
	static char copy[256];
	char *argv[32];
	int argc = 0;

	snprintf(copy, sizeof(copy), "run %s", line);
	for (char *next = strtok(copy, " "); next; next = strtok(NULL, " ")) {
		argv[argc++] = next;
	}
	return client_parse(&client, &word, argc, argv, result);
}

static void forget(void)
{
	json_object_put(client.options);
	free(client.words);
}

static void options_are_docker_s(void)
{
	int result = 0;

	TAP_CHECK(parse("-it -eA=1 -e B=2 --name=x --tty=false img -i --name y", &result));
	TAP_TEXT(json_text(client.options),
		 "{\"interactive\":true,\"tty\":false,\"env\":[\"A=1\",\"B=2\"],\"name\":\"x\"}");
	TAP_EQUAL(client.word_count, 4);
	TAP_TEXT(client.words[1], "-i");
	forget();
	static const char *const wrong[] = {"--none img", "-z img", "--name", "-e", "", "-i"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		result = 0;
		TAP_CHECK(!parse(wrong[i], &result));
		TAP_EQUAL(result, CLIENT_USAGE);
		forget();
	}
}

static void sizes_have_units(void)
{
	TAP_EQUAL(settings_bytes("0"), 0);
	TAP_EQUAL(settings_bytes("4096"), 4096);
	TAP_EQUAL(settings_bytes("1.5k"), 1536);
	TAP_EQUAL(settings_bytes("512M"), 512 << 20);
	TAP_EQUAL(settings_bytes("2gb"), 2ll << 30);
	TAP_EQUAL(settings_bytes("2GiB"), 2ll << 30);
	static const char *const wrong[] = {"",    "x",   "-1",   "1x",         "1kk",
					    "nan", "inf", "1e30", "9999999999t"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		TAP_CHECK(settings_bytes(wrong[i]) == -1);
	}
}

static void ports_and_limits_become_objects(void)
{
	int result;

	TAP_CHECK(parse("-p 8080:80 -p 127.0.0.1:53:53/udp -p 9 -m 64m --cpus 1.5 img cmd a",
			&result));
	json *body = settings_container(&client);
	json *host = json_get_object(body, "HostConfig");
	TAP_TEXT(json_text(json_get(host, "PortBindings")),
		 "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}],\"53/"
		 "udp\":[{\"HostIp\":\"127.0.0.1\","
		 "\"HostPort\":\"53\"}],\"9/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}");
	TAP_EQUAL(json_get_int(host, "Memory", 0), 64 << 20);
	TAP_EQUAL(json_get_int(host, "NanoCpus", 0), 1500000000);
	TAP_TEXT(json_text(json_get(body, "Cmd")), "[\"cmd\",\"a\"]");
	json_object_put(body);
	forget();
	static const char *const wrong[] = {"-p 1:x img", "-p x:1 img",   "-p : img",
					    "-m 1q img",  "--cpus 0 img", "--cpus 1x img"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		TAP_CHECK(parse(wrong[i], &result));
		TAP_CHECK(!settings_container(&client));
		forget();
	}
}

/* Reads an answer that arrives as these bytes; its body or "error". */
static char *answer(const char *bytes, int *status)
{
	struct http http = {.fd = -1};
	struct text body = {0};
	int ends[2];

	TAP_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	TAP_EQUAL(file_write_all(ends[1], bytes, strlen(bytes)), 0);
	close(ends[1]);
	http.fd = ends[0];
	if (!http_receive(&http) || !http_read_all(&http, &body)) {
		TAP_CHECK(http.error != NULL);
		text_free(&body);
		text_puts(&body, "error");
	}
	*status = http.status;
	http_close(&http);
	return body.data;
}

static void check_answer(const char *bytes, int status, const char *expected)
{
	int actual;
	char *body = answer(bytes, &actual);

	TAP_TEXT(body, expected);
	TAP_EQUAL(actual, status);
	free(body);
}

static void answers_of_any_shape(void)
{
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, "abc");
	check_answer("HTTP/1.1 200 OK\r\ntransfer-encoding: "
		     "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
		     200, "abcde");
	check_answer("HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end");
	check_answer("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
	check_answer(
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
		201, "");
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", 200, "error");
	check_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", 200, "error");
	check_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 200, "error");
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", 200, "error");
	check_answer("HTTP/1.1 200 OK\r\nno header\r\n\r\n", 200, "error");
	check_answer("SSH-2.0-x\r\n", 0, "error");
	check_answer("", 0, "error");
}

static void headers_carry_base64(void)
{
	char *packed = base64_encode("{\"a\":\"?\?>>\"}", true);
	struct text path = {0};

	TAP_TEXT(packed, "eyJhIjoiPz8-PiJ9");
	http_encode(&path, "a/b c:%\xc3");
	TAP_TEXT(path.data, "a%2Fb%20c%3A%25%C3");
	text_free(&path);
	free(packed);
}

static const struct tap_case cases[] = {
	{"options are docker's", options_are_docker_s},
	{"sizes have units", sizes_have_units},
	{"ports and limits become objects", ports_and_limits_become_objects},
	{"answers of any shape", answers_of_any_shape},
	{"headers carry base64", headers_carry_base64},
};
TAP_MAIN(cases)
