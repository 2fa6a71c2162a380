/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name, and into the kernel. */
#include "capability.h"
#include "process_names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#define LIST_LIMIT 256

int capability_number(const char *name)
{
	const char *bare = strncasecmp(name, "CAP_", 4) ? name : name + 4;

	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		if (!strcasecmp(bare, capability_names[i] + 4)) {
			return i;
		}
	}
	return -1;
}

const char *capability_name(int number)
{
	return number >= 0 && number < CAPABILITY_COUNT ? capability_names[number] : NULL;
}

int capability_last(void)
{
	static int last = -1;

	if (last >= 0) {
		return last;
	}
	/* The kernel answers EINVAL above its own; mostly two questions are enough. */
	last = CAPABILITY_COUNT - 1;
	while (last > 0 && prctl(PR_CAPBSET_READ, last) < 0) {
		last--;
	}
	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1) >= 0) {
		last++;
	}
	return last;
}

static void note_unknown(struct capability_sets *sets, const char *name)
{
	size_t length = strlen(sets->unknown);

	if (!strstr(sets->unknown, name)) {
		snprintf(sets->unknown + length, sizeof(sets->unknown) - length, "%s%.60s",
			 length ? " " : "", name);
	}
}

static int read_set(json *object, const char *key, uint64_t *set, struct capability_sets *sets,
		    struct error *e)
{
	json *list = json_get(object, key);

	*set = 0;
	if (list &&
	    (!json_object_is_type(list, json_type_array) || json_count(list) > LIST_LIMIT)) {
		return error_set(e, 0, "process.capabilities.%s is not a list of names", key);
	}
	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = json_string_at(list, i);
		if (!name) {
			return error_set(e, 0, "process.capabilities.%s holds what is no name",
					 key);
		}
		int number = capability_number(name);
		if (number < 0 || number > capability_last()) {
			note_unknown(sets, name);
		} else {
			*set |= UINT64_C(1) << number;
		}
	}
	return 0;
}

int capability_prepare(json *process_capabilities, struct capability_sets *sets, struct error *e)
{
	*sets = (struct capability_sets){0};
	return read_set(process_capabilities, "bounding", &sets->bounding, sets, e) < 0 ||
			       read_set(process_capabilities, "effective", &sets->effective, sets,
					e) < 0 ||
			       read_set(process_capabilities, "permitted", &sets->permitted, sets,
					e) < 0 ||
			       read_set(process_capabilities, "inheritable", &sets->inheritable,
					sets, e) < 0 ||
			       read_set(process_capabilities, "ambient", &sets->ambient, sets, e) <
				       0
		       ? -1
		       : 0;
}

int capability_limit_bounding(const struct capability_sets *sets, struct error *e)
{
	for (int number = 0; number <= capability_last(); number++) {
		if (sets->bounding >> number & 1) {
			continue;
		}
		/* What is dropped already needs no right to drop it. */
		if (prctl(PR_CAPBSET_DROP, number) < 0 && prctl(PR_CAPBSET_READ, number) != 0) {
			return error_set(e, errno, "cannot drop %s from the bounding set",
					 capability_name(number) ? capability_name(number)
								 : "a capability");
		}
	}
	return 0;
}

static void split(uint64_t set, uint32_t *low, uint32_t *high)
{
	*low = (uint32_t)set;
	*high = (uint32_t)(set >> 32);
}

static int set_ambient(uint64_t ambient, struct error *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
		return error_set(e, errno, "cannot clear the ambient capabilities");
	}
	for (int number = 0; ambient >> number; number++) {
		if (ambient >> number & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) {
			return error_set(e, errno, "cannot make %s ambient",
					 capability_name(number));
		}
	}
	return 0;
}

int capability_apply(const struct capability_sets *sets, struct error *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0) {
		return error_set(e, errno, "cannot read the capabilities");
	}
	uint64_t mine = data[0].permitted | (uint64_t)data[1].permitted << 32;
	uint64_t inherited = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	uint64_t permitted = sets->permitted & mine;
	/* Linux, cap_capset(): inheritable stays within what is inheritable or permitted now. */
	uint64_t inheritable = sets->inheritable & (mine | inherited) & sets->bounding;

	split(permitted, &data[0].permitted, &data[1].permitted);
	split(sets->effective & permitted, &data[0].effective, &data[1].effective);
	split(inheritable, &data[0].inheritable, &data[1].inheritable);
	if (syscall(SYS_capset, &header, data) < 0) {
		return error_set(e, errno, "cannot set the capabilities");
	}
	return set_ambient(sets->ambient & permitted & inheritable, e);
}
