/* SPDX-License-Identifier: Apache-2.0 */
/* Figures that device models may ask for. */
#pragma once

#include <stdint.h>

struct vcpu;

/* Logs a stage that a guest has reached: `mark BYTE`, the TSC, and the vCPU's exits by reason. */
void stats_mark(struct vcpu *vcpu, uint8_t byte);
