/* SPDX-License-Identifier: Apache-2.0 */
/* Text output: the firmware's console and the first UART, each line once on each. */
#include "console.h"

#include "cpu_ops.h"
#include "fmt.h"

#include <efiser.h>
#include <stdbool.h>

#define LINE_MAX 256u

/* 16550 register numbers, PC16550D data sheet, "Register Addresses". */
#define UART_BASE              0x3f8u
#define UART_DATA              0u
#define UART_LINE_STATUS       5u
#define UART_SCRATCH           7u
#define UART_TRANSMITTER_EMPTY 0x20u
#define UART_POLLS             1000000u

static EFI_SYSTEM_TABLE *firmware;
static bool has_uart;
static bool is_uart_console; /* what goes to the firmware's console comes out of the UART too */

static bool probe_uart(void)
{
	static const uint8_t patterns[] = {0x5a, 0xa5};

	for (unsigned int i = 0; i < sizeof(patterns); i++) {
		port_write(UART_BASE + UART_SCRATCH, patterns[i]);
		if (port_read(UART_BASE + UART_SCRATCH) != patterns[i]) {
			return false;
		}
	}
	return true;
}

static void put_uart(char c)
{
	for (unsigned int i = 0; i < UART_POLLS; i++) {
		if ((port_read(UART_BASE + UART_LINE_STATUS) & UART_TRANSMITTER_EMPTY) != 0) {
			port_write(UART_BASE + UART_DATA, (uint8_t)c);
			return;
		}
		__asm__ volatile("pause");
	}
}

static bool has_uart_node(EFI_DEVICE_PATH *path)
{
	for (; path != NULL && !IsDevicePathEnd(path); path = NextDevicePathNode(path)) {
		if (DevicePathType(path) == MESSAGING_DEVICE_PATH &&
		    DevicePathSubType(path) == MSG_UART_DP) {
			return true;
		}
		if (DevicePathNodeLength(path) < (int)sizeof(*path)) {
			break;
		}
	}
	return false;
}

/* Firmware with a serial console would print everything twice there. */
static bool find_uart_console(void)
{
	EFI_GUID console_guid = CONSOLE_OUT_DEVICE_GUID;
	EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
	EFI_BOOT_SERVICES *services = firmware->BootServices;
	EFI_HANDLE *handles = NULL;
	EFI_DEVICE_PATH *path;
	UINTN count = 0;
	bool is_found = false;

	if (EFI_ERROR(services->LocateHandleBuffer(ByProtocol, &console_guid, NULL, &count,
						   &handles))) {
		return false;
	}
	for (UINTN i = 0; i < count && !is_found; i++) {
		path = NULL;
		if (!EFI_ERROR(services->HandleProtocol(handles[i], &path_guid, (void **)&path))) {
			is_found = has_uart_node(path);
		}
	}
	services->FreePool(handles);
	return is_found;
}

void console_start(EFI_SYSTEM_TABLE *system)
{
	firmware = system;
	has_uart = probe_uart();
	is_uart_console = has_uart && system->ConOut != NULL && find_uart_console();
}

static void print_uart(const char *line, size_t length)
{
	for (size_t i = 0; has_uart && i < length; i++) {
		put_uart(line[i]);
	}
	if (has_uart) {
		put_uart('\r');
		put_uart('\n');
	}
}

static void print_firmware(const char *line, size_t length)
{
	CHAR16 wide[LINE_MAX + 2]; /* length is below LINE_MAX */

	if (firmware->ConOut == NULL) {
		return;
	}
	for (size_t i = 0; i < length; i++) {
		wide[i] = (CHAR16)(line[i] >= ' ' && line[i] <= '~' ? line[i] : '?');
	}
	wide[length] = '\r';
	wide[length + 1] = '\n';
	wide[length + 2] = 0;
	firmware->ConOut->OutputString(firmware->ConOut, wide);
}

void console_print(const char *format, ...)
{
	char line[LINE_MAX];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = fmt_format(line, sizeof(line), format, arguments);
	va_end(arguments);
	print_firmware(line, length);
	if (!is_uart_console) {
		print_uart(line, length);
	}
}

void console_print_uart(const char *format, ...)
{
	char line[LINE_MAX];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = fmt_format(line, sizeof(line), format, arguments);
	va_end(arguments);
	print_uart(line, length);
}

void console_wait_key(unsigned int seconds)
{
	SIMPLE_INPUT_INTERFACE *input = firmware->ConIn;
	EFI_INPUT_KEY key;

	if (input != NULL) {
		input->Reset(input, FALSE);
	}
	for (unsigned int i = 0; i < seconds * 20; i++) {
		if (input != NULL && !EFI_ERROR(input->ReadKeyStroke(input, &key))) {
			return;
		}
		firmware->BootServices->Stall(50000);
	}
}
