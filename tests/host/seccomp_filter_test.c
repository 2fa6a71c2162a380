/* SPDX-License-Identifier: Apache-2.0 */
/* System call filters: what the programs say, run here. */
/* Links: guest/runtime/seccomp.c guest/runtime/seccomp_cache.c guest/runtime/seccomp_compile.c guest/runtime/seccomp_words.c */
/* Links: guest/runtime/seccomp_enosys.c guest/runtime/seccomp_reduce.c guest/runtime/error.c guest/common/text.c guest/common/file.c */
/* Links: guest/common/json.c guest/common/seccomp_profile.c */
/* Libraries: -ljson-c -lseccomp */
#include "seccomp_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "seccomp_profile.h"

static void load(const char *source)
{
	struct error e = {0};

	TAP_EQUAL(load_from(source, NULL, &e), 0);
	if (e.text) {
		tap_note("%s", e.text);
	}
	error_free(&e);
}

static void expect_error(const char *source, const char *part)
{
	struct error e = {0};

	TAP_EQUAL(load_from(source, NULL, &e), -1);
	TAP_CHECK(e.text && strstr(e.text, part));
	TAP_CHECK(filter.code == NULL);
	error_free(&e);
}

static void test_actions(void)
{
	load("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
	     "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\"},"
	     "{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5},"
	     "{\"names\":[\"open\"],\"action\":\"SCMP_ACT_KILL\"},"
	     "{\"names\":[\"close\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
	     "{\"names\":[\"stat\"],\"action\":\"SCMP_ACT_TRAP\"},"
	     "{\"names\":[\"fstat\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7},"
	     "{\"names\":[\"lstat\"],\"action\":\"SCMP_ACT_LOG\"},"
	     "{\"names\":[\"poll\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	     "{\"names\":[\"no_such_call\"],\"action\":\"SCMP_ACT_KILL\"}]}");
	TAP_EQUAL(native(SYS_read, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_write, 0), ERRNO(5));
	TAP_EQUAL(native(SYS_open, 0), SECCOMP_RET_KILL_THREAD);
	TAP_EQUAL(native(SYS_close, 0), SECCOMP_RET_KILL_PROCESS);
	TAP_EQUAL(native(SYS_stat, 0), SECCOMP_RET_TRAP);
	TAP_EQUAL(native(SYS_fstat, 0), SECCOMP_RET_TRACE | 7);
	TAP_EQUAL(native(SYS_lstat, 0), SECCOMP_RET_LOG);
	TAP_EQUAL(native(SYS_poll, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_lseek, 0), SECCOMP_RET_ALLOW);
	/* A default that lets through does so with what is newer, too. */
	TAP_EQUAL(native(5000, 0), SECCOMP_RET_ALLOW);
	/* i386 was not named. */
	TAP_CHECK(run(AUDIT_ARCH_I386, 3, 0) != SECCOMP_RET_ALLOW);
	TAP_EQUAL(filter.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

static void test_arguments(void)
{
	load("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13,\"flags\":[],"
	     "\"syscalls\":["
	     "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	     "{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"},"
	     "{\"index\":0,\"value\":4294967304,\"op\":\"SCMP_CMP_EQ\"}]},"
	     "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	     "{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
	     "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	     "{\"index\":0,\"value\":12,\"op\":\"SCMP_CMP_LT\"}]},"
	     "{\"names\":[\"dup\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	     "{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_NE\"}]},"
	     "{\"names\":[\"pipe\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	     "{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_GT\"}]}]}");
	TAP_EQUAL(filter.flags, 0);
	/* An argument twice: either value. */
	TAP_EQUAL(native(SYS_personality, 8), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_personality, 0x100000008), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_personality, 9), ERRNO(13));
	TAP_EQUAL(native(SYS_clone, 0x11), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_clone, 0x10000000), ERRNO(13));
	TAP_EQUAL(native(SYS_socket, 11), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_socket, 12), ERRNO(13));
	TAP_EQUAL(native(SYS_dup, 7), ERRNO(13));
	TAP_EQUAL(native(SYS_dup, 8), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_pipe, 7), ERRNO(13));
	TAP_EQUAL(native(SYS_pipe, 8), SECCOMP_RET_ALLOW);
}

static void test_newer(void)
{
	load("{\"defaultAction\":\"SCMP_ACT_ERRNO\","
	     "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],"
	     "\"syscalls\":[{\"names\":[\"read\",\"openat2\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");
	TAP_EQUAL(native(SYS_read, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_write, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_openat2, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_openat2 + 1, 0), ERRNO(ENOSYS));
	TAP_EQUAL(native(0x3fffffff, 0), ERRNO(ENOSYS));
	TAP_EQUAL(run(AUDIT_ARCH_I386, 3, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(run(AUDIT_ARCH_I386, 4, 0), ERRNO(EPERM));
	TAP_EQUAL(run(AUDIT_ARCH_I386, 437, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(run(AUDIT_ARCH_I386, 438, 0), ERRNO(ENOSYS));
	TAP_EQUAL(native(X32_BIT | 1, 0), ERRNO(EPERM));
	TAP_EQUAL(native(X32_BIT | 437, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(X32_BIT | 600, 0), ERRNO(ENOSYS));
	TAP_CHECK(run(AUDIT_ARCH_AARCH64, 63, 0) != SECCOMP_RET_ALLOW);
	/* Without x32 its numbers never reach the native ones. */
	load("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":"
	     "[{\"names\":[\"read\",\"openat2\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");
	TAP_EQUAL(native(SYS_openat2 + 1, 0), ERRNO(ENOSYS));
	TAP_CHECK(native(X32_BIT | 0, 0) != SECCOMP_RET_ALLOW);
	TAP_CHECK(native(X32_BIT | 600, 0) != ERRNO(ENOSYS));
	TAP_CHECK(run(AUDIT_ARCH_I386, 3, 0) != SECCOMP_RET_ALLOW);
}

static void test_bad(void)
{
	expect_error("{}", "is not an action");
	expect_error("{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "NOTIFY");
	expect_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}",
		     "listenerPath");
	expect_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}", "the flag 'X'");
	expect_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_Z80\"]}",
		     "architecture 'SCMP_ARCH_Z80'");
	expect_error("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":70000}", "4095");
	expect_error(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],"
		"\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"index");
	expect_error("[]", "not an object");
}

/* The default profile resolved for a set of capabilities. */
static void load_default(const char *capabilities)
{
	struct text text = {0};
	struct error e = {0};
	const char *why;

	TAP_EQUAL(file_read_at(AT_FDCWD, "guest/runtime/seccomp.json", &text, 1 << 20), 0);
	json *profile = json_parse(text.data, text.length, &why);
	json *list = parse(capabilities);
	json *resolved = seccomp_profile_resolve(profile, list, "6.1.0-56-amd64", &why);
	TAP_CHECK(resolved != NULL);
	seccomp_free(&filter);
	TAP_EQUAL(seccomp_load_filter(resolved, NULL, &filter, &e), 0);
	error_free(&e);
	json_object_put(resolved);
	json_object_put(list);
	json_object_put(profile);
	text_free(&text);
}

static void test_default(void)
{
	load_default("[\"CAP_KILL\",\"CAP_SYS_CHROOT\"]");
	TAP_EQUAL(native(SYS_read, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_chroot, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_mount, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_keyctl, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_kexec_load, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_io_uring_setup, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_userfaultfd, 0), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_clone, 0x11), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_clone, 0x10000000), ERRNO(EPERM));
	TAP_EQUAL(native(SYS_clone3, 0), ERRNO(ENOSYS));
	TAP_EQUAL(native(SYS_socket, 2), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_socket, 16), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_socket, 38), ERRNO(EPERM)); /* AF_ALG */
	TAP_EQUAL(native(SYS_socket, 40), ERRNO(EPERM)); /* AF_VSOCK */
	TAP_EQUAL(native(SYS_personality, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_personality, 1), ERRNO(EPERM));
	TAP_EQUAL(native(4000, 0), ERRNO(ENOSYS));
	TAP_EQUAL(run(AUDIT_ARCH_I386, 3, 0), SECCOMP_RET_ALLOW);
	/* libseccomp's own has 1256 instructions. */
	TAP_CHECK(filter.count < 700);
	load_default("[\"CAP_SYS_ADMIN\"]");
	TAP_EQUAL(native(SYS_mount, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_clone3, 0), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_clone, 0x10000000), SECCOMP_RET_ALLOW);
	TAP_EQUAL(native(SYS_chroot, 0), ERRNO(EPERM));
}

static void test_resolve(void)
{
	const char *why;
	json *profile = parse(
		"{\"defaultAction\":\"A\",\"architectures\":[\"X\"],\"syscalls\":["
		"{\"name\":\"one\",\"action\":\"A\",\"comment\":\"c\",\"includes\":{\"minKernel\":"
		"\"5.4\"}},"
		"{\"names\":[\"two\"],\"action\":\"A\",\"includes\":{\"minKernel\":\"6.2\"}},"
		"{\"names\":[\"three\"],\"action\":\"A\",\"includes\":{\"arches\":[\"arm64\"]}},"
		"{\"names\":[\"four\"],\"action\":\"A\",\"excludes\":{\"arches\":[\"amd64\"]}},"
		"{\"names\":[\"five\"],\"action\":\"A\",\"includes\":{\"caps\":[\"CAP_A\",\"CAP_"
		"B\"]}},"
		"{\"names\":[\"six\"],\"action\":\"A\",\"excludes\":{\"caps\":[\"CAP_A\"]}}]}");
	json *capabilities = parse("[\"CAP_A\",\"CAP_B\"]");
	json *both = seccomp_profile_resolve(profile, capabilities, "6.1.0", &why);
	json *none = seccomp_profile_resolve(profile, NULL, "6.1.0", &why);
	TAP_TEXT(
		json_text(both),
		"{\"defaultAction\":\"A\",\"architectures\":[\"X\"],\"syscalls\":["
		"{\"action\":\"A\",\"names\":[\"one\"]},{\"names\":[\"five\"],\"action\":\"A\"}]}");
	TAP_TEXT(json_text(none),
		 "{\"defaultAction\":\"A\",\"architectures\":[\"X\"],\"syscalls\":["
		 "{\"action\":\"A\",\"names\":[\"one\"]},{\"names\":[\"six\"],\"action\":\"A\"}]}");
	TAP_CHECK(seccomp_profile_resolve(capabilities, NULL, "6.1", &why) == NULL && why);
	json_object_put(both);
	json_object_put(none);
	json_object_put(capabilities);
	json_object_put(profile);
}

/* In a child, by the kernel. */
static void test_install(void)
{
	load("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getppid\"],"
	     "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}]}");
	pid_t child = fork();
	if (child == 0) {
		struct error e = {0};
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		int result = seccomp_install(&filter, &e);
		_exit(result == 0 && syscall(SYS_getppid) == -1 && errno == 77 ? 0 : 1);
	}
	int status = -1;
	TAP_EQUAL(waitpid(child, &status, 0), child);
	TAP_EQUAL(status, 0);
	seccomp_free(&filter);
}

static const struct tap_case cases[] = {
	{"actions and their numbers", test_actions},
	{"arguments", test_arguments},
	{"calls newer than the profile do not exist", test_newer},
	{"what is no profile", test_bad},
	{"the default profile", test_default},
	{"entries for capabilities, machines and kernels", test_resolve},
	{"the kernel takes it", test_install},
};

TAP_MAIN(cases)
