/* SPDX-License-Identifier: Apache-2.0 */
/* Measurement of the local APIC timer. */
#pragma once

/* Once the local APIC and the TSC's frequency are both there; later calls do nothing. */
void tsc_measure_apic_timer(void);
