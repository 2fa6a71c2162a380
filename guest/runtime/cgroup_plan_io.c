/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of runtime-spec as writes of cgroup v2: devices' input and output, large pages, RDMA, and
 * what is given in the words of cgroup v2 itself. */
#include "cgroup_plan_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000
#define NAME_LIMIT       255

static int plan_weight(struct plan_maker *maker, const char *device, int64_t weight)
{
	if (weight < BLKIO_WEIGHT_MIN || weight > BLKIO_WEIGHT_MAX) {
		return error_set(maker->e, 0,
				 "linux.resources.blockIO: weight %lld is not from %d to %d",
				 (long long)weight, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX);
	}
	/* The first is there with the BFQ scheduler alone. */
	struct cgroup_write *write =
		plan_add(maker->plan, "io.bfq.weight", false, "%s%lld", device, (long long)weight);
	write->other_file = text_copy("io.weight");
	write->other_value = text_format(
		"%s%llu", device, (unsigned long long)cgroup_weight_of_blkio((uint64_t)weight));
	return 0;
}

/* "MAJOR:MINOR " of an element; -1 where they are missing. */
static int device_of(struct plan_maker *maker, json *element, char *text, size_t size)
{
	int64_t major = -1;
	int64_t minor = -1;

	if (plan_number(maker, element, "blockIO", "major", &major) < 0 ||
	    plan_number(maker, element, "blockIO", "minor", &minor) < 0) {
		return -1;
	}
	if (major < 0 || minor < 0) {
		return error_set(maker->e, 0,
				 "linux.resources.blockIO: a device needs major and minor");
	}
	snprintf(text, size, "%lld:%lld ", (long long)major, (long long)minor);
	return 0;
}

/* CFQ's, which went with cgroup v1. */
static int refuse_leaf_weight(struct plan_maker *maker, json *object, const char *where)
{
	return json_get_int(object, "leafWeight", 0)
		       ? error_set(maker->e, 0,
				   "linux.resources.%s: cgroup v2 has no leafWeight: leave it out",
				   where)
		       : 0;
}

static int plan_weight_devices(struct plan_maker *maker, json *list)
{
	for (size_t i = 0; i < json_count(list); i++) {
		json *element = json_object_array_get_idx(list, i);
		char device[64];
		int64_t weight = 0;
		if (device_of(maker, element, device, sizeof(device)) < 0 ||
		    plan_number(maker, element, "blockIO.weightDevice", "weight", &weight) < 0 ||
		    (weight && plan_weight(maker, device, weight) < 0) ||
		    refuse_leaf_weight(maker, element, "blockIO.weightDevice") < 0) {
			return -1;
		}
	}
	return 0;
}

static int plan_throttle(struct plan_maker *maker, json *list, const char *key, const char *word)
{
	for (size_t i = 0; i < json_count(list); i++) {
		json *element = json_object_array_get_idx(list, i);
		char device[64];
		int64_t rate = 0;
		if (device_of(maker, element, device, sizeof(device)) < 0 ||
		    plan_number(maker, element, key, "rate", &rate) < 0) {
			return -1;
		}
		if (rate > 0) {
			plan_add(maker->plan, "io.max", false, "%s%s=%lld", device, word,
				 (long long)rate);
		} else {
			plan_add(maker->plan, "io.max", true, "%s%s=max", device, word);
		}
	}
	return 0;
}

int plan_block_io(struct plan_maker *maker)
{
	static const char *const throttles[][2] = {
		{"throttleReadBpsDevice", "rbps"},
		{"throttleWriteBpsDevice", "wbps"},
		{"throttleReadIOPSDevice", "riops"},
		{"throttleWriteIOPSDevice", "wiops"},
	};
	json *block = json_get(maker->resources, "blockIO");
	int64_t weight = 0;

	if (plan_number(maker, block, "blockIO", "weight", &weight) < 0 ||
	    (weight && plan_weight(maker, "", weight) < 0) ||
	    refuse_leaf_weight(maker, block, "blockIO") < 0 ||
	    plan_weight_devices(maker, json_get(block, "weightDevice")) < 0) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(throttles) / sizeof(throttles[0]); i++) {
		if (plan_throttle(maker, json_get(block, throttles[i][0]), throttles[i][0],
				  throttles[i][1]) < 0) {
			return -1;
		}
	}
	return 0;
}

/* 2MB, 1GB, 64KB: part of a file's name. */
static bool is_page_size(const char *size)
{
	size_t digits = strspn(size, "0123456789");

	return digits > 0 && digits < 8 && strchr("KMG", size[digits]) && size[digits] &&
	       !strcmp(size + digits + 1, "B");
}

int plan_hugetlb(struct plan_maker *maker)
{
	json *list = json_get(maker->resources, "hugepageLimits");

	for (size_t i = 0; i < json_count(list); i++) {
		json *element = json_object_array_get_idx(list, i);
		const char *size = json_get_string(element, "pageSize", "");
		int64_t limit = -1;
		if (plan_number(maker, element, "hugepageLimits", "limit", &limit) < 0) {
			return -1;
		}
		if (!is_page_size(size) || limit < 0) {
			return error_set(maker->e, 0,
					 "linux.resources.hugepageLimits: an entry needs a "
					 "pageSize as 2MB or 1GB and a limit");
		}
		char file[64];
		snprintf(file, sizeof(file), "hugetlb.%s.max", size);
		plan_add(maker->plan, file, false, "%lld", (long long)limit);
		/* Reserved pages are counted since Linux 5.7. */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", size);
		plan_add(maker->plan, file, true, "%lld", (long long)limit);
	}
	return 0;
}

int plan_rdma(struct plan_maker *maker)
{
	json *devices = json_get_object(maker->resources, "rdma");

	if (!devices) {
		return 0;
	}
	struct json_object_iter at;
	json_object_object_foreachC(devices, at)
	{
		const char *name = at.key;
		json *limits = at.val;
		int64_t handles = -1;
		int64_t objects = -1;
		char text[128] = "";
		if (strchr(name, ' ') || strchr(name, '\n') || !*name ||
		    strlen(name) > NAME_LIMIT) {
			return error_set(maker->e, 0, "linux.resources.rdma: a name is unfit");
		}
		if (plan_number(maker, limits, "rdma", "hcaHandles", &handles) < 0 ||
		    plan_number(maker, limits, "rdma", "hcaObjects", &objects) < 0) {
			return -1;
		}
		size_t length = 0;
		if (handles >= 0) {
			length = (size_t)snprintf(text, sizeof(text), " hca_handle=%lld",
						  (long long)handles);
		}
		if (objects >= 0) {
			snprintf(text + length, sizeof(text) - length, " hca_object=%lld",
				 (long long)objects);
		}
		if (*text) {
			plan_add(maker->plan, "rdma.max", false, "%s%s", name, text);
		}
	}
	return 0;
}

/* The name of a file of a controller or of the cgroup's core, and no path. */
static bool is_file_name(const char *name)
{
	size_t length = strlen(name);

	return length <= NAME_LIMIT && isalpha((unsigned char)name[0]) && strchr(name, '.') &&
	       !strchr(name, '/');
}

int plan_unified(struct plan_maker *maker)
{
	json *unified = json_get(maker->resources, "unified");

	if (!json_object_is_type(unified, json_type_object)) {
		return unified ? error_set(maker->e, 0, "linux.resources.unified is not an object")
			       : 0;
	}
	struct json_object_iter at;
	json_object_object_foreachC(unified, at)
	{
		const char *file = at.key;
		json *value = at.val;
		if (!is_file_name(file) || !json_object_is_type(value, json_type_string)) {
			return error_set(maker->e, 0,
					 "linux.resources.unified: '%s' is not a file of cgroup "
					 "v2 with a string, as \"memory.high\": \"1048576\"",
					 file);
		}
		/* The kernel reads one setting of a write. */
		const char *line = json_object_get_string(value);
		do {
			size_t length = strcspn(line, "\n");
			plan_add(maker->plan, file, false, "%.*s", (int)length, line);
			line += length + (line[length] == '\n');
		} while (*line);
	}
	return 0;
}
