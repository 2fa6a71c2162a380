/* SPDX-License-Identifier: Apache-2.0 */
/* The management device: found in sysfs, mapped, and rung. */
#include "bh_device.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATH_SIZE 512u
#define SLOT      0u /* callers take turns by the lock: one is enough */

/* 16 bytes, which any x86-64 stores at once. */
struct wide {
	uint64_t words __attribute__((vector_size(16)));
};

static int open_in(const char *folder, const char *name, int flags)
{
	int parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file = parent < 0 ? -1 : openat(parent, name, flags | O_CLOEXEC);

	if (parent >= 0) {
		close(parent);
	}
	return file;
}

/* A file of one hexadecimal number, 0 when it cannot be read. */
static unsigned long number_in(const char *folder, const char *name)
{
	char text[32] = "";
	int file = open_in(folder, name, O_RDONLY);

	if (file < 0) {
		return 0;
	}
	if (read(file, text, sizeof(text) - 1) < 0) {
		text[0] = '\0';
	}
	close(file);
	return strtoul(text, NULL, 16);
}

static bool is_device(const char *folder)
{
	return number_in(folder, "vendor") == MANAGE_VENDOR &&
	       number_in(folder, "device") == MANAGE_DEVICE;
}

static bool search(char folder[PATH_SIZE])
{
	DIR *devices = opendir(BH_PCI_DEVICES);
	struct dirent *entry;
	bool is_found = false;

	while (devices != NULL && !is_found && (entry = readdir(devices)) != NULL) {
		snprintf(folder, PATH_SIZE, "%s/%s", BH_PCI_DEVICES, entry->d_name);
		is_found = entry->d_name[0] != '.' && is_device(folder);
	}
	if (devices != NULL) {
		closedir(devices);
	}
	return is_found;
}

/* The lock's file remembers where it was: a search opens files of every function there is. */
static bool find(int lock, char folder[PATH_SIZE])
{
	ssize_t size = pread(lock, folder, PATH_SIZE - 1, 0);

	folder[size > 0 ? size : 0] = '\0';
	if (strncmp(folder, BH_PCI_DEVICES "/", sizeof(BH_PCI_DEVICES)) == 0 && is_device(folder)) {
		return true;
	}
	if (!search(folder)) {
		return false;
	}
	if (lock >= 0 && ftruncate(lock, 0) == 0) {
		ssize_t written = pwrite(lock, folder, strlen(folder), 0);

		(void)written; /* searched again the next time */
	}
	return true;
}

static uint32_t read_port(const struct bh_device *device, off_t port)
{
	uint32_t value = 0;

	return pread(device->ports, &value, sizeof(value), port) == sizeof(value) ? value : 0;
}

static void ring(struct bh_device *device, uint32_t slot)
{
	ssize_t written = pwrite(device->ports, &slot, sizeof(slot), MANAGE_PORT_DOORBELL);

	(void)written; /* on failure the status stays what it was: MANAGE_PENDING */
}

/* Sysfs decodes nothing by itself; a function that is enabled already takes it as well. */
static void enable(const char *folder)
{
	int file = open_in(folder, "enable", O_WRONLY);

	if (file >= 0) {
		ssize_t written = write(file, "1", 1);

		(void)written; /* the ports' magic number tells */
		close(file);
	}
}

static struct manage_window *map(const char *folder)
{
	int file = open_in(folder, "resource2_wc", O_RDWR);
	void *window;

	if (file < 0) {
		file = open_in(folder, "resource2", O_RDWR);
	}
	if (file < 0) {
		return NULL;
	}
	window = mmap(NULL, MANAGE_WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	return window == MAP_FAILED ? NULL : window;
}

bool bh_device_open(struct bh_device *device, const char *folder, const char **why)
{
	char found[PATH_SIZE];

	*device = (struct bh_device){.ring = ring, .ports = -1};
	device->lock = open(BH_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (folder == NULL) {
		if (!find(device->lock, found)) {
			*why = "no PCI function 1234:4248; bh works in Bulkhead's management "
			       "partition only (role = management)";
			return false;
		}
		folder = found;
	}
	enable(folder);
	device->ports = open_in(folder, "resource0", O_RDWR);
	if (device->ports < 0) {
		*why = "its ports cannot be opened; are you root?";
		return false;
	}
	if (read_port(device, MANAGE_PORT_MAGIC) != MANAGE_MAGIC ||
	    read_port(device, MANAGE_PORT_VERSION) != MANAGE_VERSION) {
		*why = "it speaks another version of the protocol; use the bh of this hypervisor's "
		       "build";
		return false;
	}
	device->window = map(folder);
	if (device->window == NULL || device->lock < 0) {
		*why = device->window == NULL ? "its window cannot be mapped; are you root?"
					      : BH_LOCK " cannot be opened; are you root?";
		device->window = NULL;
		return false;
	}
	return true;
}

bool bh_device_is_open(const struct bh_device *device)
{
	return device->window != NULL;
}

static void take_lock(const struct bh_device *device, int operation)
{
	while (device->lock >= 0 && !device->is_held && flock(device->lock, operation) != 0) {
		/* a signal came: once more */
	}
}

void bh_hold(struct bh_device *device)
{
	take_lock(device, LOCK_EX);
	device->is_held = true;
}

void bh_let_go(struct bh_device *device)
{
	device->is_held = false;
	take_lock(device, LOCK_UN);
}

/* The window may be mapped uncached: as few and wide stores as can be, and never bytes. */
static void copy_in(uint8_t *data, const void *from, uint32_t size)
{
	uint32_t at = 0;

	for (; at + sizeof(struct wide) <= size; at += sizeof(struct wide)) {
		struct wide piece;

		memcpy(&piece, (const uint8_t *)from + at, sizeof(piece));
		*(volatile __typeof__(piece.words) *)(data + at) = piece.words;
	}
	memcpy(data + at, (const uint8_t *)from + at, size - at);
}

uint32_t bh_call(struct bh_device *device, struct bh_call *call)
{
	volatile struct manage_command *slot = &device->window->commands[SLOT];
	uint32_t size = call->send_size > 0 ? call->send_size : call->receive_size;
	uint32_t status;

	if (size > MANAGE_DATA_SIZE) {
		return MANAGE_INVALID;
	}
	take_lock(device, LOCK_EX);
	if (call->send_size > 0) {
		copy_in(device->window->data, call->send, call->send_size);
	}
	*slot = (struct manage_command){
		.opcode = call->opcode,
		.status = MANAGE_PENDING,
		.id = call->id,
		.argument = call->argument,
		.data_size = size,
	};
	device->ring(device, SLOT);
	status = slot->status;
	call->result = slot->result;
	call->used = slot->data_used < call->receive_size ? slot->data_used : call->receive_size;
	if (status == MANAGE_OK && call->used > 0) {
		memcpy(call->receive, device->window->data, call->used);
	}
	take_lock(device, LOCK_UN);
	return status;
}

uint32_t bh_order(struct bh_device *device, uint32_t opcode, uint32_t id)
{
	struct bh_call call = {.opcode = opcode, .id = id};

	return bh_call(device, &call);
}
