/* SPDX-License-Identifier: Apache-2.0 */
/* Links: guest/engine/spec_check.c guest/engine/body_check.c guest/engine/health_state.c guest/common/utf8.c guest/common/process_names.c guest/engine/create_config.c guest/engine/oci_seccomp.c guest/engine/oci_process.c guest/common/seccomp_profile.c guest/engine/oci_user.c guest/engine/log_reader.c guest/engine/moment.c guest/common/timestamp.c guest/common/text.c guest/common/json.c guest/common/file.c guest/common/in_root.c guest/engine/resolv.c guest/engine/log_options.c guest/engine/oci_security.c guest/common/lsm.c */
/* Libraries: -ljson-c */
#include "create_config.h"
#include "engine.h"
#include "file.h"
#include "log_reader.h"
#include "moment.h"
#include "oci.h"
#include "spec_check.h"
#include "tap.h"
#include "text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What oci_seccomp.c wants of main.c. */
struct engine engine;
void engine_log(const char *format, ...)
{
	(void)format;
}
char *engine_program(const char *name)
{
	return text_format("/nonexistent/%s", name);
}

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

static void test_check(void)
{
	json *good = parse(
		"{\"Image\":\"x\",\"Cmd\":\"one\",\"Entrypoint\":null,\"Env\":[\"A=b\",\"C\"],"
		"\"HostConfig\":{\"Memory\":8000000,\"CapAdd\":[\"net_admin\"],\"Binds\":null,"
		"\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"10m\"}}}}");
	TAP_CHECK(spec_check_create(good) == NULL);
	json_object_put(good);
	expect_refused("{\"Image\":1}", "Image");
	expect_refused("{\"Cmd\":[1]}", "Cmd");
	expect_refused("{\"Cmd\":{}}", "Cmd");
	expect_refused("{\"Tty\":\"yes\"}", "Tty");
	expect_refused("{\"Labels\":{\"a\":1}}", "Labels");
	expect_refused("{\"StopSignal\":\"SIGNOPE\"}", "signal");
	expect_refused("{\"WorkingDir\":\"x\"}", "absolute");
	expect_refused("{\"HostConfig\":{\"CapDrop\":[\"x\"]}}", "CapDrop");
	expect_refused("{\"HostConfig\":{\"Memory\":\"1\"}}", "Memory");
	expect_refused("{\"HostConfig\":{\"Mounts\":[1]}}", "Mounts");
	expect_refused("{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"often\"}}}", "policy");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Type\":\"syslog\"}}}", "log driver");
	expect_refused("{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"max-size\":\"x\"}}}}",
		       "max-size");
	expect_refused("{\"HostConfig\":{\"Memory\":8000000,\"MemorySwap\":1}}", "swap");
	/* Twice the memory, and a hundred thousandth of the processors, must stay numbers. */
	expect_refused("{\"HostConfig\":{\"Memory\":9223372036854775807}}", "Memory");
	expect_refused("{\"HostConfig\":{\"NanoCpus\":9223372036854775807}}", "NanoCpus");
}

static void test_words(void)
{
	TAP_EQUAL(spec_signal("SIGTERM", 0), SIGTERM);
	TAP_EQUAL(spec_signal("hup", 0), SIGHUP);
	TAP_EQUAL(spec_signal("9", 0), 9);
	TAP_EQUAL(spec_signal("", 15), 15);
	TAP_EQUAL(spec_signal("RTMIN+3", 0), 37);
	TAP_EQUAL(spec_signal("0", 1), 0);
	TAP_EQUAL(spec_signal("65", 1), 0);
	TAP_EQUAL(spec_signal("9x", 1), 0);
	TAP_EQUAL(spec_size("10m"), 10 << 20);
	TAP_EQUAL(spec_size("1k"), 1024);
	TAP_EQUAL(spec_size("1KB"), 1024);
	TAP_EQUAL(spec_size("5"), 5);
	TAP_EQUAL(spec_size(""), (uint64_t)-1);
	TAP_EQUAL(spec_size("-1"), (uint64_t)-1);
	TAP_EQUAL(spec_size("1x"), (uint64_t)-1);
	TAP_EQUAL(spec_size("nan"), (uint64_t)-1);
	char *name = spec_capability("Net_Admin");
	TAP_TEXT(name, "CAP_NET_ADMIN");
	free(name);
	TAP_CHECK(!spec_capability("CAP_"));
}

static void expect_command(const char *body, const char *image, const char *wanted)
{
	json *given = parse(body);
	json *base = parse(image);
	json *config = create_config(given, base, "0123456789abcdef");
	json *command = create_command(config);

	TAP_TEXT(json_text(command), wanted);
	json_object_put(command);
	json_object_put(config);
	json_object_put(base);
	json_object_put(given);
}

/* As docker run combines them. */
static void test_command(void)
{
	const char *image = "{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}";

	expect_command("{}", image, "[\"e\",\"c\"]");
	expect_command("{\"Cmd\":[\"x\"]}", image, "[\"e\",\"x\"]");
	expect_command("{\"Entrypoint\":[\"y\"]}", image, "[\"y\"]");
	expect_command("{\"Entrypoint\":[\"y\"],\"Cmd\":[\"x\"]}", image, "[\"y\",\"x\"]");
	expect_command("{\"Entrypoint\":[\"\"],\"Cmd\":[\"x\"]}", image, "[\"x\"]");
	expect_command("{\"Cmd\":\"x y\"}", "{}", "[\"x y\"]");
	expect_command("{}", "{}", "[]");
}

static void test_config(void)
{
	json *body =
		parse("{\"Env\":[\"A=1\",\"B\",\"A=2\"],\"Labels\":{\"x\":\"1\"},\"User\":\"u\"}");
	json *image =
		parse("{\"Env\":[\"A=0\",\"B=0\",\"C=0\"],\"Labels\":{\"x\":\"0\",\"y\":\"0\"},"
		      "\"User\":\"v\",\"WorkingDir\":\"/w\"}");
	json *config = create_config(body, image, "0123456789abcdef");

	TAP_TEXT(json_text(json_get(config, "Env")), "[\"A=2\",\"C=0\"]");
	TAP_TEXT(json_get_string(json_get(config, "Labels"), "x", ""), "1");
	TAP_TEXT(json_get_string(json_get(config, "Labels"), "y", ""), "0");
	TAP_TEXT(json_get_string(config, "User", ""), "u");
	TAP_TEXT(json_get_string(config, "WorkingDir", ""), "/w");
	TAP_TEXT(json_get_string(config, "Hostname", ""), "0123456789ab");
	json_object_put(config);
	json_object_put(image);
	json_object_put(body);
}

static void test_seccomp(void)
{
	json *profile = parse(
		"{\"defaultAction\":\"D\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
		"\"subArchitectures\":[\"SCMP_ARCH_X86\"]},{\"architecture\":\"SCMP_ARCH_ARM\"}],"
		"\"syscalls\":[{\"names\":[\"a\"],\"action\":\"A\"},"
		"{\"names\":[\"b\"],\"action\":\"A\",\"includes\":{\"caps\":[\"CAP_X\"]}},"
		"{\"names\":[\"c\"],\"action\":\"A\",\"excludes\":{\"caps\":[\"CAP_X\"]}},"
		"{\"names\":[\"d\"],\"action\":\"A\",\"includes\":{\"arches\":[\"s390x\"]}}]}");
	json *none = parse("[]");
	json *some = parse("[\"CAP_X\"]");
	json *host = json_object_new_object();
	char *option = text_format("seccomp=%s", json_text(profile));
	json *options = json_object_new_array();
	char *error = NULL;

	json_append_owned(options, option);
	json_set(host, "SecurityOpt", options);
	json *section = oci_seccomp(host, none, &error);
	TAP_CHECK(!error);

	TAP_TEXT(json_text(json_get(section, "syscalls")),
		 "[{\"names\":[\"a\"],\"action\":\"A\"},{\"names\":[\"c\"],\"action\":\"A\"}]");
	TAP_TEXT(json_text(json_get(section, "architectures")),
		 "[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"]");
	TAP_CHECK(!json_get(section, "archMap"));
	json_object_put(section);
	section = oci_seccomp(host, some, &error);
	TAP_TEXT(json_text(json_get(section, "syscalls")),
		 "[{\"names\":[\"a\"],\"action\":\"A\"},{\"names\":[\"b\"],\"action\":\"A\"}]");
	json_object_put(section);
	json_object_put(host);
	json_object_put(some);
	json_object_put(none);
	json_object_put(profile);
}

static void put(const char *folder, const char *name, const char *text)
{
	char *path = text_format("%s/%s", folder, name);

	TAP_EQUAL(file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, 0), 0);
	free(path);
}

/* uid:gid:groups:home, or the error. */
static void expect_user(int root, const char *user, const char *wanted)
{
	struct oci_user found;
	char *error = NULL;
	char *text;

	if (oci_user_find(root, user, NULL, &found, &error) < 0) {
		text = error;
	} else {
		text = text_format("%d:%d:%s:%s", (int)found.uid, (int)found.gid,
				   json_text(found.groups), found.home ? found.home : "");
		oci_user_free(&found);
	}
	TAP_CHECK(strstr(text, wanted) != NULL);
	if (!strstr(text, wanted)) {
		tap_note("%s: %s, wanted %s", user, text, wanted);
	}
	free(text);
}

static void test_user(void)
{
	char folder[] = "/tmp/engine-config-XXXXXX";

	TAP_CHECK(mkdtemp(folder) != NULL);
	char *etc = text_format("%s/etc", folder);
	mkdir(etc, 0755);
	put(folder, "etc/passwd",
	    "root:x:0:0:root:/root:/bin/sh\nbad\nweb:x:33:34::/srv:\nneg:x:-1:0::/:\n");
	put(folder, "etc/group", "root:x:0:\nweb:x:34:\nmore:x:50:a,web,b\nother:x:51:webb\n");
	int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	expect_user(root, "", "0:0:[]:/root");
	expect_user(root, "web", "33:34:[50]:/srv");
	expect_user(root, "33", "33:34:[50]:/srv");
	expect_user(root, "web:more", "33:50:[]:/srv");
	expect_user(root, "1234", "1234:0:[]:");
	expect_user(root, "1234:5678", "1234:5678:[]:");
	expect_user(root, "nobody", "unable to find user nobody");
	expect_user(root, "neg", "unable to find user");
	expect_user(root, "web:none", "unable to find group none");
	expect_user(root, "99999999999", "unable to find user");
	/* The account file is a link out of the root: it stays inside. */
	char *passwd = text_format("%s/etc/passwd", folder);
	unlink(passwd);
	TAP_EQUAL(symlink("../../../../../../etc/passwd", passwd), 0);
	expect_user(root, "daemon", "unable to find user daemon");
	close(root);
	free(passwd);
	free(etc);
	file_remove_tree_at(AT_FDCWD, folder);
}

static void test_log(void)
{
	char folder[] = "/tmp/engine-config-XXXXXX";
	struct log_entry entry;

	TAP_CHECK(mkdtemp(folder) != NULL);
	char *path = text_format("%s/log", folder);
	put(folder, "log.2",
	    "{\"log\":\"1\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:01Z\"}\n");
	put(folder, "log.1",
	    "garbage\n{\"log\":\"2\\n\",\"stream\":\"stderr\",\"time\":\"1970-01-01T00:00:02Z\"}"
	    "\n");
	put(folder, "log",
	    "{\"log\":\"3\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:03Z\"}\n{\"log\":"
	    "\"4");
	struct log_reader *reader = log_reader_open(path, -1);
	for (int i = 1; i <= 3; i++) {
		TAP_CHECK(log_reader_next(reader, &entry));
		TAP_EQUAL(entry.bytes[0], '0' + i);
		TAP_EQUAL(entry.is_stderr, i == 2);
		TAP_EQUAL(entry.moment, i * MOMENT_SECOND);
	}
	TAP_CHECK(!log_reader_next(reader, &entry));
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	TAP_EQUAL(file_write_all(fd, "\\n\"}\n", 5), 0);
	close(fd);
	TAP_CHECK(log_reader_next(reader, &entry));
	TAP_EQUAL(entry.bytes[0], '4');
	/* Rotated while it is followed. */
	char *older = text_format("%s/log.1", folder);
	TAP_EQUAL(rename(path, older), 0);
	TAP_CHECK(!log_reader_next(reader, &entry));
	put(folder, "log", "{\"log\":\"5\\n\",\"stream\":\"stdout\",\"time\":\"\"}\n");
	TAP_CHECK(log_reader_next(reader, &entry));
	TAP_EQUAL(entry.bytes[0], '5');
	log_reader_close(reader);
	reader = log_reader_open(path, 2);
	TAP_CHECK(log_reader_next(reader, &entry));
	TAP_EQUAL(entry.bytes[0], '4');
	log_reader_close(reader);
	reader = log_reader_open(path, 0);
	TAP_CHECK(!log_reader_next(reader, &entry));
	log_reader_close(reader);
	free(older);
	free(path);
	file_remove_tree_at(AT_FDCWD, folder);
}

static void expect_labels(const char *options, const char *process, const char *file)
{
	char *text = text_format("{\"SecurityOpt\":%s}", options), *error = NULL;
	const char *why;
	json *host = json_parse(text, strlen(text), &why);
	struct oci_labels labels = oci_labels(host, &error);

	TAP_TEXT(labels.process ? labels.process : error ? "error" : "", process);
	TAP_TEXT(labels.file ? labels.file : error ? "error" : "", file);
	oci_labels_free(&labels);
	free(error);
	json_object_put(host);
	free(text);
}

static void test_security(void)
{
	const char *why;
	json *host = json_parse("{\"SecurityOpt\":[\"apparmor=a b\"]}", 32, &why);

	TAP_TEXT(oci_apparmor(host), "a b");
	TAP_CHECK(!oci_apparmor(NULL));
	json_object_put(host);
	expect_labels("[]", "", "");
	expect_labels("[\"label=disable\",\"label=user:u\"]", "", "");
	expect_labels(
		"[\"label=user:u\",\"label=role:r\",\"label=type:t\",\"label:level:s0:c1,c2\"]",
		"u:r:t:s0:c1,c2", "u:object_r:t:s0:c1,c2");
	expect_labels("[\"label=user:u\",\"label=role:r\",\"label=type:t\",\"label=level:s0\","
		      "\"label=filetype:f\"]",
		      "u:r:t:s0", "u:object_r:f:s0");
	expect_labels("[\"label=colour:red\"]", "error", "error");
	expect_labels("[\"label=type:\"]", "error", "error");
	if (access("/etc/selinux/config", F_OK) < 0) {
		expect_labels("[\"label=type:t\"]", "error", "error");
	}
}

static const struct tap_case cases[] = {
	{"wrong types and values are refused", test_check},
	{"signals, sizes, capabilities", test_words},
	{"entrypoint and command are combined", test_command},
	{"environment, labels, user come from both", test_config},
	{"seccomp rules follow capabilities", test_seccomp},
	{"users are found inside the root file system", test_user},
	{"security options", test_security},
	{"logs are read over rotated files", test_log},
};
TAP_MAIN(cases)
