/* SPDX-License-Identifier: Apache-2.0 */
/* The management device: one command at a time, under the lock that all callers share. */
#pragma once

#include "manage_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BH_LOCK        "/run/bh.lock"
#define BH_PCI_DEVICES "/sys/bus/pci/devices"

struct bh_device {
	struct manage_window *window;
	/* Has the command of this slot done; a test brings its own. */
	void (*ring)(struct bh_device *device, uint32_t slot);
	int ports; /* resource0 */
	int lock;  /* -1: nobody else uses the window */
	bool is_held;
};

/* A command and its data. */
struct bh_call {
	uint32_t opcode; /* enum manage_opcode */
	uint32_t id;
	uint64_t argument;
	const void *send; /* copied in */
	uint32_t send_size;
	void *receive; /* copied out */
	uint32_t receive_size;
	uint64_t result; /* answered */
	uint32_t used;   /* bytes received */
};

/*
 * Finds the device below /sys/bus/pci/devices, or takes `folder`. On false: `why` is a text, with a
 * way out.
 */
bool bh_device_open(struct bh_device *device, const char *folder, const char **why);
bool bh_device_is_open(const struct bh_device *device);

/* Returns enum manage_status; of MANAGE_OK, `result`, `used` and what was to be received. */
uint32_t bh_call(struct bh_device *device, struct bh_call *call);

/* No other bh has a command done between these two. */
void bh_hold(struct bh_device *device);
void bh_let_go(struct bh_device *device);

/* A command without data. */
uint32_t bh_order(struct bh_device *device, uint32_t opcode, uint32_t id);
