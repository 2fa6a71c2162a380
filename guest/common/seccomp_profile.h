/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles in the form that Docker reads, with entries that count only for certain
 * capabilities, machines and kernels, as `linux.seccomp` of runtime-spec.
 * guest/runtime/seccomp.json is the default one.
 */
#pragma once

#include "json.h"

/*
 * What counts for a process with these capabilities (an array of names as CAP_KILL, or NULL) on
 * x86-64 with the kernel `release` (of uname: "6.1.0-30-amd64"). The caller puts the result. NULL
 * with *error, a constant, for what is no such profile.
 */
json *seccomp_profile_resolve(json *profile, json *capabilities, const char *release,
			      const char **error);
