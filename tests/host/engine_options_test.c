/* SPDX-License-Identifier: Apache-2.0 */
/* HostConfig's log drivers and name servers. */
/* Links: guest/engine/spec_check.c guest/engine/resolv.c guest/engine/log_options.c guest/engine/oci_security.c guest/common/lsm.c guest/engine/body_check.c guest/engine/health_state.c guest/engine/create_config.c guest/common/utf8.c guest/common/process_names.c guest/engine/moment.c guest/common/timestamp.c guest/common/text.c guest/common/json.c guest/common/file.c */
/* Libraries: -ljson-c */
#include "log_options.h"
#include "resolv.h"
#include "spec_check.h"
#include "tap.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static json *parse(const char *text)
{
	const char *error;

	return json_parse(text, strlen(text), &error);
}

static void expect_refused(const char *body, const char *part)
{
	json *value = parse(body);
	char *error = spec_check_create(value);

	TAP_CHECK(value && error && strstr(error, part));
	free(error);
	json_object_put(value);
}

static void expect_log(const char *log, bool has_log, int64_t wanted_size, int wanted_files)
{
	json *value = parse(log);
	int64_t size;
	int files;

	TAP_CHECK(log_options_check(value) == NULL);
	TAP_EQUAL(log_options_read(value, &size, &files), has_log);
	TAP_EQUAL(size, wanted_size);
	TAP_EQUAL(files, wanted_files);
	json_object_put(value);
}

static void test_log_options(void)
{
	expect_log("{}", true, 0, 1);
	expect_log("{\"Type\":\"none\",\"Config\":{\"any\":\"x\"}}", false, 0, 1);
	expect_log("{\"Type\":\"local\"}", true, 20 * 1024 * 1024, 5);
	expect_log("{\"Type\":\"local\",\"Config\":{\"max-size\":\"-1\",\"max-file\":\"9\"}}", true,
		   20 * 1024 * 1024, 9);
	expect_log("{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"10k\",\"max-file\":\"3\","
		   "\"tag\":\"x\","
		   "\"compress\":\"false\",\"mode\":\"non-blocking\",\"max-buffer-size\":\"4m\"}}",
		   true, 10 * 1024, 3);
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Type\":\"syslog\"}}}",
		       "syslog is not there");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Type\":\"x\"}}}", "named 'x'");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Type\":\"json-file local\"}}}", "named");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"mode\":\"fast\"}}}}", "mode");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"tag env\":\"x\"}}}}",
		       "unknown log opt");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"max-file\":\"\"}}}}",
		       "max-file");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"max-file\":1}}}}",
		       "not a string");
}

static void expect_resolv(const char *resolver, const char *lists, const char *wanted)
{
	json *value = parse(lists);
	struct resolv resolv = {
		.host = "# ours\nnameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch home lan\n"
			"options edns0\nsortlist 10.0.0.0\n",
		.resolver = resolver,
		.has_own_network = true,
		.servers = json_get(value, "Dns"),
		.search = json_get(value, "DnsSearch"),
		.options = json_get(value, "DnsOptions"),
	};
	char *text = resolv_make(&resolv);

	TAP_CHECK(value && strcmp(text, wanted) == 0);
	free(text);
	json_object_put(value);
}

static void test_resolv(void)
{
	expect_resolv(NULL, "{}",
		      "nameserver 9.9.9.9\nsearch home lan\noptions edns0\nsortlist 10.0.0.0\n");
	expect_resolv(NULL, "{\"Dns\":[\"1.1.1.1\",\"::1\"],\"DnsSearch\":[\"a\",\"b\"]}",
		      "nameserver 1.1.1.1\nnameserver ::1\noptions edns0\nsortlist "
		      "10.0.0.0\nsearch a b\n");
	expect_resolv(
		"10.0.0.1", "{\"Dns\":[\"1.1.1.1\",\"127.0.0.1\"],\"DnsSearch\":[\".\"]}",
		"nameserver 10.0.0.1\nnameserver 127.0.0.1\noptions edns0\nsortlist 10.0.0.0\n"
		"options ndots:0\n");
	expect_resolv("10.0.0.1", "{\"DnsOptions\":[\"ndots:2\",\"rotate\"]}",
		      "nameserver 10.0.0.1\nsearch home lan\nsortlist 10.0.0.0\noptions ndots:2 "
		      "rotate\n");
	json *servers = parse("[\"127.0.0.1\",\"1.1.1.1\"]");
	json *asked = resolv_forwarded(servers);
	TAP_EQUAL(json_count(asked), 1);
	json_object_put(asked);
	json_object_put(servers);
	expect_refused("{\"HostConfig\":{\"Dns\":[\"1.1.1\"]}}", "Dns: 1.1.1");
	expect_refused("{\"HostConfig\":{\"Dns\":[\"1.1.1.1\\nsearch x\"]}}", "Dns");
	expect_refused("{\"HostConfig\":{\"DnsSearch\":[\"a b\"]}}", "DnsSearch");
	expect_refused("{\"HostConfig\":{\"DnsOptions\":[\"\"]}}", "DnsOptions");
}

static const struct tap_case cases[] = {
	{"log drivers and their options", test_log_options},
	{"resolv.conf, --dns, --dns-search, --dns-option", test_resolv},
};

TAP_MAIN(cases)
