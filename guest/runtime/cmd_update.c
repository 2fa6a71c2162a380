/* SPDX-License-Identifier: Apache-2.0 */
/* `update`: other limits for a container that is there. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "file.h"
#include "rdt.h"
#include "runtime.h"
#include "state.h"
#include "text.h"

enum kind {
	COUNT,
	BYTES, /* also as 512m or 1g */
	WORD,  /* a list of numbers */
	LINE,  /* of resctrl's schemata */
};

/* runc's options and where they belong in linux.resources. */
static const struct setting {
	const char *option;
	const char *section;
	const char *key;
	enum kind kind;
} settings[] = {
	{"blkio-weight", "blockIO", "weight", COUNT},
	{"cpu-period", "cpu", "period", COUNT},
	{"cpu-quota", "cpu", "quota", COUNT},
	{"cpu-burst", "cpu", "burst", COUNT},
	{"cpu-share", "cpu", "shares", COUNT},
	{"cpu-rt-period", "cpu", "realtimePeriod", COUNT},
	{"cpu-rt-runtime", "cpu", "realtimeRuntime", COUNT},
	{"cpu-idle", "cpu", "idle", COUNT},
	{"cpuset-cpus", "cpu", "cpus", WORD},
	{"cpuset-mems", "cpu", "mems", WORD},
	{"memory", "memory", "limit", BYTES},
	{"memory-reservation", "memory", "reservation", BYTES},
	{"memory-swap", "memory", "swap", BYTES},
	{"kernel-memory", "memory", "kernel", BYTES},
	{"kernel-memory-tcp", "memory", "kernelTCP", BYTES},
	{"pids-limit", "pids", "limit", COUNT},
	{"l3-cache-schema", "intelRdt", "l3CacheSchema", LINE},
	{"mem-bw-schema", "intelRdt", "memBwSchema", LINE},
};

#define SETTING_COUNT   (sizeof(settings) / sizeof(settings[0]))
#define OPTION_BASE     1000
#define RESOURCES_LIMIT (1u << 20)

/* Whole numbers with b, k, m, g, t behind them. */
static int read_bytes(const char *text, int64_t *value)
{
	static const char units[] = "bkmgt";
	char *end;

	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno || end == text || number < -1) {
		return -1;
	}
	const char *unit = *end ? strchr(units, *end | 0x20) : units;
	int shift = unit ? (int)(unit - units) * 10 : 0;
	/* 512m, 512mb, 512MiB */
	const char *rest = *end ? end + 1 : end;
	if (!unit || (*rest && strcasecmp(rest, "b") && strcasecmp(rest, "ib")) ||
	    number > INT64_MAX >> shift) {
		return -1;
	}
	*value = number < 0 ? -1 : (int64_t)number << shift;
	return 0;
}

static int add_setting(json *resources, const struct setting *setting, const char *text,
		       struct error *e)
{
	json *section = json_get(resources, setting->section);
	int64_t value = 0;
	char *end = NULL;

	if (!section) {
		section = json_object_new_object();
		json_set(resources, setting->section, section);
	}
	if (setting->kind == WORD || setting->kind == LINE) {
		json_set_string(section, setting->key, text);
		return 0;
	}
	errno = 0;
	if (setting->kind == COUNT) {
		value = strtoll(text, &end, 10);
	}
	if (setting->kind == BYTES ? read_bytes(text, &value) < 0 : errno || end == text || *end) {
		return error_set(e, 0, "--%s: '%s' is not a number%s", setting->option, text,
				 setting->kind == BYTES ? " of bytes, as 536870912 or 512m" : "");
	}
	json_set_int(section, setting->key, value);
	return 0;
}

static json *read_resources(const char *path, struct error *e)
{
	struct text text = {0};
	const char *why;
	json *resources = NULL;
	int result = strcmp(path, "-") ? file_read_at(AT_FDCWD, path, &text, RESOURCES_LIMIT)
				       : file_read_fd(0, &text, RESOURCES_LIMIT);

	if (result < 0) {
		error_set(e, errno, "cannot read the resources in %s", path);
	} else {
		resources = json_parse(text.data, text.length, &why);
		if (!resources || !json_object_is_type(resources, json_type_object)) {
			error_set(e, 0, "the resources in %s are no JSON object: %s", path,
				  resources ? "another value" : why);
			json_object_put(resources);
			resources = NULL;
		}
	}
	text_free(&text);
	return resources;
}

static void say_usage(struct runtime *rt)
{
	printf("usage: %s update [-r FILE | OPTIONS] ID\n\n"
	       "  -r, --resources FILE   linux.resources of a configuration, as JSON; -: standard "
	       "input\n",
	       rt->program);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		static const char *const forms[] = {[COUNT] = "N",
						    [BYTES] = "BYTES (512m, 1g; -1: no limit)",
						    [WORD] = "LIST (0-2,4)",
						    [LINE] = "LINE (L3:0=ff, MB:0=20)"};
		printf("  --%s %s\n", settings[i].option, forms[settings[i].kind]);
	}
}

static int apply(struct runtime *rt, const char *id, json *resources)
{
	struct state s = {.dir = -1};
	struct cgroup *cgroup = NULL;

	int result = state_load(rt, id, &s);
	if (result == 0 && s.status == STATE_STOPPED) {
		result = error_set(&rt->error, 0, "cannot update container %s: it has stopped", id);
	}
	if (result == 0) {
		result = cgroup_reopen(&cgroup, s.cgroup, &rt->error);
	}
	if (result == 0) {
		result = cgroup_apply(cgroup, resources, &rt->error);
	}
	json *schemas = json_get_object(resources, "intelRdt");
	if (result == 0 && schemas) {
		json *config = state_config(rt, &s, NULL);
		result = config ? rdt_update(json_get_object(config, "linux"), id, schemas,
					     &rt->error)
				: -1;
		json_object_put(config);
	}
	cgroup_close(cgroup);
	state_free(&s);
	return result;
}

/* 0: *resources is there; 1: help was said; -1: rt->error. */
static int read_options(struct runtime *rt, int argc, char **argv, json **resources)
{
	struct option options[SETTING_COUNT + 3] = {0};
	int option;

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		options[i] = (struct option){settings[i].option, required_argument, NULL,
					     OPTION_BASE + (int)i};
	}
	options[SETTING_COUNT] = (struct option){"resources", required_argument, NULL, 'r'};
	options[SETTING_COUNT + 1] = (struct option){"help", no_argument, NULL, 'h'};
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "r:h", options, NULL)) != -1) {
		if (option == 'h') {
			say_usage(rt);
			return 1;
		}
		if (option == 'r') {
			json_object_put(*resources);
			*resources = read_resources(optarg, &rt->error);
			if (!*resources) {
				return -1;
			}
		} else if (option < OPTION_BASE) {
			return error_set(&rt->error, 0,
					 "update: '%s' is not an option, or lacks "
					 "its value (%s update --help)",
					 argv[optind - 1], rt->program);
		} else if (add_setting(*resources, &settings[option - OPTION_BASE], optarg,
				       &rt->error) < 0) {
			return -1;
		}
	}
	if (argc - optind != 1) {
		return error_set(&rt->error, 0, "update needs one container (%s update --help)",
				 rt->program);
	}
	return 0;
}

int cmd_update(struct runtime *rt, int argc, char **argv)
{
	json *resources = json_object_new_object();
	int result = read_options(rt, argc, argv, &resources);

	if (result == 0) {
		result = apply(rt, argv[optind], resources);
	}
	json_object_put(resources);
	return result < 0 ? 1 : 0;
}
