/* SPDX-License-Identifier: Apache-2.0 */
/* The mark port: a guest writes a byte, the log gets it with the time and the vCPU's exits so far.
 */
#pragma once

#include "hv/device.h"

/* The debug port of Bochs and QEMU (reads as itself), so that the same program marks its stages on
 * the bare machine too; real machines have nothing there. */
#define VMARK_PORT 0xe9u

device_read vmark_read;
device_write vmark_write;
