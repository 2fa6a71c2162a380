/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's numbers in words; pure. */
#pragma once

#include "manage_abi.h"

#include <stddef.h>

const char *words_state(uint32_t state);
const char *words_cause(uint32_t cause);
const char *words_vcpu_state(uint32_t state);
const char *words_event(uint32_t kind);

/* Why the device refused, with a way out, for sentences that name no more. */
const char *words_status(uint32_t status);

/* "0,2-3"; "-" for none. Each returns `text`. */
const char *words_cpus(char *text, size_t size, uint64_t cpus);
/* "256 MiB", "12 KiB": of the largest unit that leaves no rest. */
const char *words_size(char *text, size_t size, uint64_t bytes);
/* "console, entropy"; "none". */
const char *words_devices(char *text, size_t size, uint32_t devices);
/* Of VIRT_FACT_*: how partitions run, "VT-x with EPT, VPID, 2 MiB pages"; what is done against
 * faults of the CPU, "none needed". */
const char *words_features(char *text, size_t size, uint32_t facts);
const char *words_mitigations(char *text, size_t size, uint32_t facts);
