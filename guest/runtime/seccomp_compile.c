/* SPDX-License-Identifier: Apache-2.0 */
/* A profile of runtime-spec ("Seccomp" of its Linux configuration) through libseccomp into BPF. */
#include "seccomp_private.h"

#include <ctype.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/audit.h>

#include "file.h"

#define X32_BIT 0x40000000
/* A tree of comparisons instead of a list: the kernel runs it for every call, and 400 times when it
 * is installed. */
#define OPTIMIZE_TREE 2

struct plan {
	json *profile;
	uint32_t default_action;
	/* NULL, or the program of all rules: then those are made whose arguments count. */
	const struct seccomp_filter *whole;
};

struct rule {
	uint32_t action;
	struct scmp_arg_cmp *comparisons;
	unsigned int count;
	bool is_split; /* an argument is named twice: any of the comparisons is enough, as runc has
			  it */
};

static int read_arguments(json *list, struct rule *rule, struct error *e)
{
	unsigned int seen = 0;
	size_t count = json_count(list);

	if (count > 64) {
		return error_set(e, 0, "linux.seccomp: a rule has more than 64 arguments");
	}
	rule->comparisons = memory_zeroed(count, sizeof(*rule->comparisons));
	for (; rule->count < count; rule->count++) {
		struct scmp_arg_cmp *comparison = &rule->comparisons[rule->count];
		if (seccomp_read_comparison(json_at(list, rule->count), comparison, e) < 0) {
			return -1;
		}
		rule->is_split |= seen >> comparison->arg & 1;
		seen |= 1u << comparison->arg;
	}
	return 0;
}

static int add_rule(scmp_filter_ctx filter, const struct rule *rule, int number)
{
	int result = 0;

	if (!rule->is_split) {
		return seccomp_rule_add_array(filter, rule->action, number, rule->count,
					      rule->comparisons);
	}
	for (unsigned int i = 0; i < rule->count && result == 0; i++) {
		result = seccomp_rule_add_array(filter, rule->action, number, 1,
						&rule->comparisons[i]);
	}
	return result;
}

/* Keeps the highest number of each machine. */
static void note_newest(struct seccomp_newest *newest, const char *name)
{
	int x86_64 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
	int i386 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);
	int x32 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X32, name);

	if (x86_64 > (int)newest->x86_64) {
		newest->x86_64 = (unsigned int)x86_64;
	}
	if (i386 > (int)newest->i386) {
		newest->i386 = (unsigned int)i386;
	}
	if (x32 > 0 && (unsigned int)(x32 & ~X32_BIT) > newest->x32) {
		newest->x32 = (unsigned int)(x32 & ~X32_BIT);
	}
}

/* Of a filter that is there already, the calls whose arguments count. */
static bool is_open(const struct seccomp_filter *whole, const char *name)
{
	int x86_64 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
	int i386 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);
	int x32 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X32, name);

	return (x86_64 >= 0 && seccomp_is_open(whole, AUDIT_ARCH_X86_64, (uint32_t)x86_64)) ||
	       (i386 >= 0 && seccomp_is_open(whole, AUDIT_ARCH_I386, (uint32_t)i386)) ||
	       (x32 >= 0 && seccomp_is_open(whole, AUDIT_ARCH_X86_64, (uint32_t)x32));
}

static int add_syscalls(scmp_filter_ctx filter, json *entry, const struct plan *plan,
			struct seccomp_newest *newest, struct error *e)
{
	json *names = json_get_array(entry, "names");
	struct rule rule = {0};
	int result = seccomp_read_action(entry, "action", "errnoRet", &rule.action, e) < 0 ||
		     read_arguments(json_get_array(entry, "args"), &rule, e) < 0;

	if (!result && !json_count(names)) {
		result = 1;
		error_set(e, 0, "linux.seccomp: a rule names no system call");
	}
	for (size_t i = 0; i < json_count(names) && !result; i++) {
		const char *name = json_string_at(names, i);
		int number = name ? seccomp_syscall_resolve_name(name) : __NR_SCMP_ERROR;
		if (number == __NR_SCMP_ERROR || (plan->whole && !is_open(plan->whole, name))) {
			continue;
		}
		note_newest(newest, name);
		/* libseccomp refuses a rule that says what is so anyway. */
		if (rule.action == plan->default_action) {
			continue;
		}
		int failed = add_rule(filter, &rule, number);
		if (failed) {
			result = 1;
			error_set(e, -failed, "linux.seccomp: cannot add the rule of %s", name);
		}
	}
	free(rule.comparisons);
	return result ? -1 : 0;
}

static int add_architectures(scmp_filter_ctx filter, json *names, struct error *e)
{
	for (size_t i = 0; i < json_count(names); i++) {
		const char *name = json_string_at(names, i);
		char lower[32] = "";
		if (name && !strncmp(name, "SCMP_ARCH_", 10) && strlen(name) < sizeof(lower)) {
			for (size_t k = 0; name[10 + k]; k++) {
				lower[k] = (char)tolower((unsigned char)name[10 + k]);
			}
		}
		uint32_t token = seccomp_arch_resolve_name(lower);
		int failed = token ? seccomp_arch_add(filter, token) : -EINVAL;
		if (failed && failed != -EEXIST) {
			return error_set(e, -failed,
					 "linux.seccomp: cannot add the architecture '%s'",
					 name ? name : "");
		}
	}
	return 0;
}

static int leave_segments(struct dl_phdr_info *info, size_t size, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)context;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
		uintptr_t end = begin + segment->p_memsz;
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W)) {
			begin &= -page;
			(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
		}
	}
	return 1; /* the program is the first */
}

/* Code and constants that served until now leave the resident set, and come back from the page
 * cache where they are needed: the heap is about to be at its largest. */
static void leave_code(void)
{
	dl_iterate_phdr(leave_segments, NULL);
}

static int export(scmp_filter_ctx filter, struct seccomp_filter *out, struct error *e)
{
	struct text code = {0};
	int fd = memfd_create("seccomp", MFD_CLOEXEC);

	leave_code();
	int failed = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
	size_t limit = SECCOMP_PROGRAM_LIMIT * sizeof(*out->code);

	if (!failed && (lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, &code, limit) < 0)) {
		failed = -errno;
	}
	file_close(fd);
	if (failed || !code.length || code.length % sizeof(*out->code)) {
		text_free(&code);
		return error_set(e, failed ? -failed : EIO,
				 "linux.seccomp: cannot compile the profile");
	}
	out->code = (struct sock_filter *)code.data;
	out->count = code.length / sizeof(*out->code);
	return 0;
}

static void answer_newer(scmp_filter_ctx filter, const struct plan *plan,
			 struct seccomp_newest *newest, struct seccomp_filter *out)
{
	/* Where the default lets calls through, newer ones are meant to be let through. */
	if ((plan->default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
	    plan->default_action != SCMP_ACT_ERRNO(ENOSYS)) {
		newest->i386 = seccomp_arch_exist(filter, SCMP_ARCH_X86) ? 0 : newest->i386;
		newest->x32 = seccomp_arch_exist(filter, SCMP_ARCH_X32) ? 0 : newest->x32;
		seccomp_prepend_enosys(out, newest);
	}
}

static int fill(scmp_filter_ctx filter, const struct plan *plan, struct seccomp_filter *out,
		struct error *e)
{
	json *entries = json_get_array(plan->profile, "syscalls");
	struct seccomp_newest newest = {0};
	/* What cannot be had of these is slower, no more. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);

	if (add_architectures(filter, json_get_array(plan->profile, "architectures"), e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < json_count(entries); i++) {
		if (add_syscalls(filter, json_at(entries, i), plan, &newest, e) < 0) {
			return -1;
		}
	}
	if (export(filter, out, e) < 0) {
		return -1;
	}
	if (!plan->whole) {
		answer_newer(filter, plan, &newest, out);
	}
	return 0;
}

static int make(const struct plan *plan, struct seccomp_filter *out, struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(plan->default_action);

	if (!filter) {
		return error_set(e, 0, "linux.seccomp: libseccomp refuses the default action");
	}
	int result = fill(filter, plan, out, e);
	seccomp_release(filter);
	return result;
}

int seccomp_compile(json *profile, struct seccomp_filter *out, struct error *e)
{
	struct plan plan = {.profile = profile};
	struct seccomp_filter rest = {0};
	struct error ignored = {0};
	unsigned int flags;

	if (seccomp_read_flags(profile, &flags, e) < 0 ||
	    seccomp_read_action(profile, "defaultAction", "defaultErrnoRet", &plan.default_action,
				e) < 0 ||
	    make(&plan, out, e) < 0) {
		return -1;
	}
	out->flags = flags;
	plan.whole = out;
	if (make(&plan, &rest, &ignored) == 0) {
		seccomp_reduce(out, &rest);
	}
	seccomp_free(&rest);
	error_free(&ignored);
	malloc_trim(0);
	return 0;
}
