/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a device filter to a cgroup, by bpf(2). */
#include "cgroup_device.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>

#define OLD_LIMIT 64
#define LOG_SIZE  4096

static int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int load(const struct device_program *program, struct error *e)
{
	char log[LOG_SIZE] = "";
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.expected_attach_type = BPF_CGROUP_DEVICE,
		.insns = (uintptr_t)program->code,
		.insn_cnt = (uint32_t)program->count,
		.license = (uintptr_t) "Apache-2.0",
	};

	int fd = bpf(BPF_PROG_LOAD, &attributes);
	if (fd >= 0) {
		return fd;
	}
	int number = errno;
	attributes.log_level = 1;
	attributes.log_buf = (uintptr_t)log;
	attributes.log_size = sizeof(log);
	fd = bpf(BPF_PROG_LOAD, &attributes);
	if (fd >= 0) {
		return fd;
	}
	return error_set(e, number,
			 "cannot load the device filter (needs CAP_BPF and CAP_NET_ADMIN, or "
			 "CAP_SYS_ADMIN)%s%s",
			 *log ? ": " : "", log);
}

/* The ids of what hangs at this cgroup itself. */
static int list_old(int cgroup, uint32_t *ids, uint32_t *count)
{
	union bpf_attr attributes = {
		.query =
			{
				.target_fd = (uint32_t)cgroup,
				.attach_type = BPF_CGROUP_DEVICE,
				.prog_ids = (uintptr_t)ids,
				.prog_cnt = OLD_LIMIT,
			},
	};

	*count = 0;
	if (bpf(BPF_PROG_QUERY, &attributes) < 0) {
		return -1;
	}
	*count = attributes.query.prog_cnt;
	return 0;
}

static int attach(int cgroup, int program, int replaced)
{
	union bpf_attr attributes = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI | (replaced >= 0 ? BPF_F_REPLACE : 0),
		.replace_bpf_fd = replaced >= 0 ? (uint32_t)replaced : 0,
	};

	return bpf(BPF_PROG_ATTACH, &attributes);
}

static int open_program(uint32_t id)
{
	union bpf_attr attributes = {.prog_id = id};

	return bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}

static int detach(int cgroup, uint32_t id)
{
	int old = open_program(id);
	if (old < 0) {
		return -1;
	}
	union bpf_attr attributes = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)old,
		.attach_type = BPF_CGROUP_DEVICE,
	};
	int result = bpf(BPF_PROG_DETACH, &attributes);
	int number = errno;
	close(old);
	errno = number;
	return result;
}

/* All must allow an access, so that old and new may stand side by side for a moment. */
static int put_in_place(int cgroup, int program, const uint32_t *ids, uint32_t count)
{
	uint32_t first = 0;

	if (count == 1) {
		int old = open_program(ids[0]);
		int result = attach(cgroup, program, old);
		if (old >= 0) {
			close(old);
			first = result == 0;
		}
		if (result < 0) {
			return -1;
		}
	} else if (attach(cgroup, program, -1) < 0) {
		return -1;
	}
	for (; first < count; first++) {
		if (detach(cgroup, ids[first]) < 0) {
			return -1;
		}
	}
	return 0;
}

int cgroup_device_attach(int cgroup, const struct device_program *program, struct error *e)
{
	uint32_t ids[OLD_LIMIT];
	uint32_t count;

	if (list_old(cgroup, ids, &count) < 0 && !program->code) {
		return 0;
	}
	if (!program->code) {
		for (uint32_t i = 0; i < count; i++) {
			if (detach(cgroup, ids[i]) < 0) {
				return error_set(e, errno, "cannot take off the device filter");
			}
		}
		return 0;
	}
	int fd = load(program, e);
	if (fd < 0) {
		return -1;
	}
	int result = put_in_place(cgroup, fd, ids, count);
	int number = errno;
	close(fd);
	return result < 0 ? error_set(e, number, "cannot put the device filter to the cgroup") : 0;
}
