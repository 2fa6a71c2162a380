/* SPDX-License-Identifier: Apache-2.0 */
/* Port I/O. */
#include "arch/port_io.h"

#define PORT_ACCESS(bits, suffix)                                                                  \
	uint##bits##_t arch_in##bits(uint16_t port)                                                \
	{                                                                                          \
		uint##bits##_t value;                                                              \
                                                                                                   \
		__asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"(port) : "memory");     \
		return value;                                                                      \
	}                                                                                          \
	void arch_out##bits(uint16_t port, uint##bits##_t value)                                   \
	{                                                                                          \
		__asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"(port) : "memory");    \
	}

PORT_ACCESS(8, "b")
PORT_ACCESS(16, "w")
PORT_ACCESS(32, "l")
