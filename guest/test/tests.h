/* SPDX-License-Identifier: Apache-2.0 */
/* Every test, in the order of a whole run: one file each. */
#pragma once

void test_hello(void);
void test_cpuid(void);
void test_msr(void);
void test_port_io(void);
void test_uart(void);
