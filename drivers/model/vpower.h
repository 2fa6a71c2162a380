/* SPDX-License-Identifier: Apache-2.0 */
/* Reset and power-off ports of a partition. */
#pragma once

#include "hv/device.h"

#define VPOWER_RESET_PORT 0xcf9u
#define VPOWER_SLEEP_PORT 0x600u /* control; status is the next one */
#define VPOWER_S5_TYPE    5u     /* SLP_TYP; for the DSDT */

struct vpower {
	_Atomic uint8_t reset_control;
};

device_read vpower_read_reset;
device_write vpower_write_reset;
device_read vpower_read_sleep;
device_write vpower_write_sleep;
