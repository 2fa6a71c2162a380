/* SPDX-License-Identifier: Apache-2.0 */
/* Writes limits into a cgroup's files. */
#include "cgroup_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_device.h"
#include "cgroup_plan.h"
#include "file.h"

/* Anything else is in the file's own words. */
static char *why_not_written(struct cgroup *cg, const char *file, int number)
{
	size_t length = strcspn(file, ".");
	struct text has = {0};
	char *why = NULL;

	if (number != ENOENT) {
		return text_copy(strerror(number));
	}
	if (file_read_at(cg->fd, "cgroup.controllers", &has, CGROUP_FILE_LIMIT) == 0) {
		const char *word = has.data;
		while (*word && (strncmp(word, file, length) || !strchr(" \n", word[length]))) {
			word += strcspn(word, " \n");
			word += strspn(word, " \n");
		}
		if (*word) {
			why = text_format("this kernel has no %s", file);
		}
	}
	if (!why && strncmp(file, "cgroup.", 7)) {
		why = text_format(
			"there is no controller '%.*s' for it: cgroup v1 may hold it "
			"(boot with cgroup_no_v1=all), or a cgroup above does not hand it "
			"down (cgroup.subtree_control)",
			(int)length, file);
	}
	text_free(&has);
	return why ? why : text_format("this kernel has no %s", file);
}

/* What holds without being written, or has nothing to be held to: a controller may miss for it.
 * containerd and Docker ask for 1,024 CPU shares, the default, in each container; Kubernetes for 2,
 * the least, which promise nothing, in a pod's sandbox and where a pod asks for no CPU. */
static bool is_moot(const struct cgroup_write *write)
{
	size_t length = strlen(write->file);
	bool is_most = length > 4 && !strcmp(write->file + length - 4, ".max");
	struct text swaps = {0};
	bool is_weight = !strcmp(write->file, "cpu.weight");
	bool has_swap = file_read_at(AT_FDCWD, "/proc/swaps", &swaps, CGROUP_FILE_LIMIT) == 0 &&
			strchr(swaps.data, '\n') && strchr(swaps.data, '\n')[1];

	text_free(&swaps);
	return (is_most && !strcmp(write->value, "max")) ||
	       (is_weight && (!strcmp(write->value, "100") || !strcmp(write->value, "1"))) ||
	       (!strcmp(write->file, "memory.swap.max") && !has_swap);
}

/* 0, or an errno. */
static int write_one(struct cgroup *cg, const struct cgroup_write *write)
{
	if (file_put_at(cg->fd, write->file, write->value) == 0) {
		return 0;
	}
	int number = errno;
	if (number == ENOENT && write->other_file) {
		if (file_put_at(cg->fd, write->other_file, write->other_value) == 0) {
			return 0;
		}
		number = errno;
	}
	return number == ENOENT && write->may_miss ? 0 : number;
}

static int write_failed(struct cgroup *cg, const struct cgroup_write *write, int number,
			struct error *e)
{
	char *why =
		why_not_written(cg, write->other_file ? write->other_file : write->file, number);

	error_set(e, 0, "cannot set %s of %s to '%s': %s", write->file, cg->path, write->value,
		  why);
	free(why);
	return -1;
}

/* Values that depend on each other, as quota and burst, are written again after the others. */
static int write_all(struct cgroup *cg, const struct cgroup_plan *plan, struct error *e)
{
	bool is_again = false;

	for (size_t i = 0; i < plan->count; i++) {
		int number = write_one(cg, &plan->writes[i]);
		if (number == ENOENT && is_moot(&plan->writes[i])) {
			number = 0;
		}
		if (number == EINVAL) {
			is_again = true;
		} else if (number) {
			return write_failed(cg, &plan->writes[i], number, e);
		}
	}
	for (size_t i = 0; is_again && i < plan->count; i++) {
		int number = write_one(cg, &plan->writes[i]);
		if (number && !(number == ENOENT && is_moot(&plan->writes[i]))) {
			return write_failed(cg, &plan->writes[i], number, e);
		}
	}
	return 0;
}

static void read_now(struct cgroup *cg, struct cgroup_now *now)
{
	static const char *const files[] = {"memory.max", "cpu.max", "cpu.max.burst"};
	struct text texts[3] = {0};

	*now = (struct cgroup_now){0};
	if (cg->fd < 0 || cg->is_new) {
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (file_read_at(cg->fd, files[i], &texts[i], CGROUP_FILE_LIMIT) < 0) {
			text_puts(&texts[i], "0 0");
		}
	}
	cgroup_now_read(now, texts[0].data, texts[1].data, texts[2].data);
	for (int i = 0; i < 3; i++) {
		text_free(&texts[i]);
	}
}

static int check_fit(struct cgroup *cg, uint64_t limit, struct error *e)
{
	struct text text = {0};
	int result = 0;

	if (limit && file_read_at(cg->fd, "memory.current", &text, CGROUP_FILE_LIMIT) == 0 &&
	    strtoull(text.data, NULL, 10) > limit) {
		result = error_set(e, 0,
				   "linux.resources.memory.limit: %llu bytes are in use, more "
				   "than the limit of %llu (checkBeforeUpdate)",
				   strtoull(text.data, NULL, 10), (unsigned long long)limit);
	}
	text_free(&text);
	return result;
}

static int apply_devices(struct cgroup *cg, json *rules, struct error *e)
{
	struct device_program program = {0};
	struct error failure = {0};

	/* The kernel lets no user namespace make devices; and only the host's root loads programs.
	 */
	if (cg->is_rootless || (!rules && !cg->is_opened)) {
		return 0;
	}
	int result = cgroup_device_program(&program, rules, e);
	if (result == 0 && cgroup_device_attach(cg->fd, &program, &failure) < 0) {
		/* What nobody asked for may fail, as where another container is around this one. */
		result = rules ? error_set(e, 0, "%s: %s", cg->path, failure.text) : 0;
	}
	error_free(&failure);
	cgroup_device_free(&program);
	return result;
}

/* Whether there is anything to lose without a cgroup. */
static int apply_nowhere(struct cgroup *cg, const struct cgroup_plan *plan, struct error *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->writes[i].may_miss) {
			return error_set(e, 0, "cannot set %s to '%s': there is no cgroup: %s",
					 plan->writes[i].file, plan->writes[i].value,
					 cg->why_none ? cg->why_none : "none was made");
		}
	}
	return 0;
}

int cgroup_apply(struct cgroup *cg, json *resources, struct error *e)
{
	struct cgroup_plan plan = {0};
	struct cgroup_now now;

	if (!resources && !cg->is_opened) {
		return 0;
	}
	read_now(cg, &now);
	int result = cgroup_plan_make(&plan, resources, &now, e);
	if (result == 0 && cg->fd < 0) {
		result = apply_nowhere(cg, &plan, e);
	} else if (result == 0) {
		result = check_fit(cg, plan.must_fit, e) < 0 || write_all(cg, &plan, e) < 0 ||
					 apply_devices(cg, json_get(resources, "devices"), e) < 0
				 ? -1
				 : 0;
	}
	cgroup_plan_free(&plan);
	return result;
}
