/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of the management device (manage_abi.h), in the slot of its function. */
#pragma once

#include "hv/device.h"

device_read vmanage_read;
device_write vmanage_write;
