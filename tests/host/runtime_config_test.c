/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of config.json, mount options, and which namespace a kernel parameter belongs to. */
/* Links: guest/runtime/validate.c guest/runtime/validate_parts.c guest/runtime/mount_options.c */
/* Links: guest/runtime/memory_policy.c guest/runtime/number_list.c guest/runtime/netdev.c guest/runtime/rtnetlink.c */
/* Links: guest/runtime/rdt.c guest/runtime/rdt_schema.c */
/* Links: guest/runtime/sysctl.c guest/runtime/namespaces.c guest/runtime/error.c */
/* Links: guest/common/json.c guest/common/text.c guest/common/file.c */
/* Libraries: -ljson-c */
#include <linux/mount.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mount_options.h"
#include "sysctl.h"
#include "tap.h"
#include "validate.h"

/* A check with words. */
__attribute__((format(printf, 2, 3))) static void expect(bool is_true, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	tap_check(is_true, text, __FILE__, __LINE__);
}

#define GOOD_PROCESS "\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"}"
#define GOOD         "{\"ociVersion\":\"1.0.2\"," GOOD_PROCESS ",\"root\":{\"path\":\"r\"}"

static json *parse(const char *text)
{
	const char *why = NULL;

	return json_parse(text, strlen(text), &why);
}

static int check_config(const char *text, char **why)
{
	struct error e = {0};
	json *config = parse(text);
	int result = config ? validate_config(config, &e) : -2;

	if (why) {
		*why = e.text ? strdup(e.text) : NULL;
	}
	error_free(&e);
	json_object_put(config);
	return result;
}

static void test_good(void)
{
	static const char *const good[] = {
		GOOD "}",
		GOOD ",\"hostname\":\"h\",\"annotations\":{\"a\":\"b\"},\"mounts\":[]}",
		GOOD ",\"mounts\":[{\"destination\":\"/p\",\"type\":\"proc\"}]}",
		GOOD ",\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":1}]}}",
		GOOD ",\"linux\":{\"maskedPaths\":[\"/a\"],\"sysctl\":{\"net.x\":\"1\"}}}",
		GOOD ",\"unknown\":{\"deep\":[1,2]}}",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		expect(check_config(good[i], NULL) == 0, "good configuration %zu", i);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{"[]", "object"},
		{"{}", "ociVersion"},
		{"{\"ociVersion\":\"1.0\"," GOOD_PROCESS ",\"root\":{\"path\":\"r\"}}",
		 "ociVersion"},
		{"{\"ociVersion\":\"2.0.0\"," GOOD_PROCESS ",\"root\":{\"path\":\"r\"}}", "2.0.0"},
		{"{\"ociVersion\":\"1.0.0\"," GOOD_PROCESS "}", "root"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}", "process"},
		{GOOD ",\"mounts\":{}}", "mounts"},
		{GOOD ",\"mounts\":[1]}", "mounts[0]"},
		{GOOD ",\"mounts\":[{\"destination\":\"\"}]}", "destination"},
		{GOOD ",\"mounts\":[{\"destination\":\"/a\"}]}", "type"},
		{GOOD ",\"mounts\":[{\"destination\":\"/a\",\"type\":\"bind\"}]}", "source"},
		{GOOD ",\"mounts\":[{\"destination\":\"/a\",\"type\":\"t\",\"options\":[1]}]}",
		 "options"},
		{GOOD ",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}}", "absolute"},
		{GOOD ",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}}", "timeout"},
		{GOOD ",\"hostname\":\"a\\u0000b\"}", "NUL"},
		{GOOD ",\"linux\":{\"readonlyPaths\":[\"x\"]}}", "readonlyPaths"},
		{GOOD ",\"linux\":{\"devices\":[1]}}", "devices"},
		{GOOD ",\"linux\":{\"intelRdt\":{\"closID\":\"../x\"}}}", "intelRdt"},
		{GOOD ",\"linux\":{\"sysctl\":{\"net.x\":1}}}", "sysctl"},
		{GOOD ",\"annotations\":{\"a\":[]}}", "annotations"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *why = NULL;
		expect(check_config(bad[i].text, &why) == -1 && why && strstr(why, bad[i].word),
		       "bad configuration %zu says %s: %s", i, bad[i].word, why ? why : "");
		free(why);
	}
}

static void test_process(void)
{
	static const char *const bad[] = {
		"{\"args\":[],\"cwd\":\"/\"}",
		"{\"args\":[1],\"cwd\":\"/\"}",
		"{\"args\":[\"a\"]}",
		"{\"args\":[\"a\"],\"cwd\":\"x\"}",
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"env\":[\"=x\"]}",
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"user\":{\"uid\":-1}}",
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"user\":{\"uid\":4294967295}}",
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"user\":{\"additionalGids\":[\"x\"]}}",
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"terminal\":1}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error e = {0};
		json *process = parse(bad[i]);
		expect(validate_process(process, &e) == -1 && e.text, "bad process %zu: %s", i,
		       e.text ? e.text : "");
		error_free(&e);
		json_object_put(process);
	}
}

static struct mount_options options_of(const char *text)
{
	struct mount_options options;
	struct error e = {0};
	json *list = parse(text);

	expect(mount_options_read(list, &options, &e) == 0, "options %s", text);
	error_free(&e);
	json_object_put(list);
	return options;
}

static void test_options(void)
{
	struct mount_options o =
		options_of("[\"rbind\",\"ro\",\"nosuid\",\"rslave\",\"a=b\",\"c\"]");

	expect(o.bind && o.recursive, "rbind");
	expect(o.set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID), "attributes %llx",
	       (unsigned long long)o.set);
	expect(o.propagation && o.propagation_all, "rslave");
	expect(o.data && !strcmp(o.data, "a=b,c"), "data %s", o.data);
	mount_options_free(&o);
	o = options_of("[\"ro\",\"rw\",\"noatime\",\"strictatime\"]");
	expect(o.clear == (MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME), "the later word counts");
	expect(o.set == MOUNT_ATTR_STRICTATIME, "one kind of access time");
	mount_options_free(&o);
	o = options_of("[\"rro\",\"ridmap\",\"tmpcopyup\",\"sync\",\"defaults\"]");
	expect(o.set_all == MOUNT_ATTR_RDONLY && !o.set && o.idmap && o.idmap_all && o.copy_up &&
		       o.super,
	       "recursive and other words");
	expect(mount_options_flags(&o) & 1, "flags of mount(2)");
	mount_options_free(&o);
	for (const char *const *name = mount_options_names(); *name; name++) {
		char text[64];
		snprintf(text, sizeof(text), "[\"%s\"]", *name);
		o = options_of(text);
		expect(!o.data, "%s is understood", *name);
		mount_options_free(&o);
	}
}

static void test_sysctl(void)
{
	expect(sysctl_namespace("net.ipv4.ip_forward") == CLONE_NEWNET, "net");
	expect(sysctl_namespace("kernel.shmmax") == CLONE_NEWIPC, "ipc");
	expect(sysctl_namespace("fs.mqueue.msg_max") == CLONE_NEWIPC, "mqueue");
	expect(sysctl_namespace("kernel.domainname") == CLONE_NEWUTS, "uts");
	expect(!sysctl_namespace("kernel.pid_max") && !sysctl_namespace("vm.swappiness") &&
		       !sysctl_namespace("network"),
	       "the host's");
}

static void test_namespaces(void)
{
	struct namespaces ns;
	struct error e = {0};
	json *twice = parse("{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}");
	json *good = parse("{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"time\"}]}");

	expect(namespaces_read(good, &ns, &e) == 0 && ns.made == (CLONE_NEWPID | CLONE_NEWTIME),
	       "two");
	expect(namespaces_need_stage(&ns), "a time namespace counts for children");
	expect(namespaces_read(twice, &ns, &e) == -1 && e.text, "one twice: %s",
	       e.text ? e.text : "");
	error_free(&e);
	json_object_put(twice);
	json_object_put(good);
}

static const struct tap_case cases[] = {
	{"good configurations", test_good}, {"bad configurations", test_bad},
	{"bad processes", test_process},    {"mount options", test_options},
	{"kernel parameters", test_sysctl}, {"namespaces", test_namespaces},
};
TAP_MAIN(cases)
