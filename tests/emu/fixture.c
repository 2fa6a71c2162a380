/* SPDX-License-Identifier: Apache-2.0 */
/* An EFI program that the launcher's own tests boot: says what it was given, then obeys one key. */
#include <efi.h>
#include <efilib.h>

#define COM1              0x3f8
#define LINE_STATUS       (COM1 + 5)
#define LINE_STATUS_DATA  0x01
#define LINE_STATUS_EMPTY 0x20
#define QEMU_EXIT_PORT    0xf4
#define QEMU_EXIT_GOOD    0x10
#define BOCHS_EXIT_PORT   0x8900

static inline void port_write(UINT16 port, UINT8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline UINT8 port_read(UINT16 port)
{
	UINT8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void print(const CHAR8 *text)
{
	for (; *text; text++) {
		while (!(port_read(LINE_STATUS) & LINE_STATUS_EMPTY)) {
			__asm__ volatile("pause");
		}
		port_write(COM1, *text);
	}
}

static void print_wide(const CHAR16 *text)
{
	for (; *text; text++) {
		CHAR8 letter[2] = {(CHAR8)*text, 0};

		print(letter);
	}
}

/* Reads the start of \bulkhead\bulkhead.conf of one volume; false where there is none. */
static BOOLEAN read_config(EFI_HANDLE volume, CHAR8 *text, UINTN size)
{
	EFI_FILE_HANDLE root = LibOpenRoot(volume);
	EFI_FILE_HANDLE file = NULL;

	if (root == NULL ||
	    EFI_ERROR(root->Open(root, &file, (CHAR16 *)L"\\bulkhead\\bulkhead.conf",
				 EFI_FILE_MODE_READ, 0)) ||
	    EFI_ERROR(file->Read(file, &size, text))) {
		return FALSE;
	}
	text[size] = 0;
	for (CHAR8 *at = text; *at; at++) {
		if (*at == '\n') {
			*at = 0;
			break;
		}
	}
	return TRUE;
}

/* The configuration of the volume this program came from, or of any other, as the loader does. */
static void print_config(EFI_LOADED_IMAGE *image)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_HANDLE *volumes = NULL;
	UINTN count = 0;
	CHAR8 text[80];
	BOOLEAN is_found = read_config(image->DeviceHandle, text, sizeof(text) - 1);

	if (!is_found) {
		LibLocateHandle(ByProtocol, &guid, NULL, &count, &volumes);
	}
	for (UINTN i = 0; i < count && !is_found; i++) {
		is_found = read_config(volumes[i], text, sizeof(text) - 1);
	}
	print((const CHAR8 *)"fixture: configuration '");
	print(is_found ? text : (const CHAR8 *)"none");
	print((const CHAR8 *)"'\r\n");
}

static void end_machine(void)
{
	for (const char *word = "Shutdown"; *word; word++) {
		port_write(BOCHS_EXIT_PORT, (UINT8)*word);
	}
	port_write(QEMU_EXIT_PORT, QEMU_EXIT_GOOD);
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system)
{
	EFI_LOADED_IMAGE *image = NULL;

	InitializeLib(handle, system);
	system->BootServices->HandleProtocol(handle, &LoadedImageProtocol, (void **)&image);
	print((const CHAR8 *)"fixture: hello\r\n");
	if (image->LoadOptionsSize >= sizeof(CHAR16)) {
		print((const CHAR8 *)"fixture: options '");
		print_wide(image->LoadOptions);
		print((const CHAR8 *)"'\r\n");
	}
	print_config(image);
	/* The firmware's console driver reads the same port on a timer: no timers from here on. */
	system->BootServices->RaiseTPL(TPL_HIGH_LEVEL);
	print((const CHAR8 *)"fixture: key? ");
	for (;;) {
		if (port_read(LINE_STATUS) & LINE_STATUS_DATA) {
			CHAR8 key[2] = {port_read(COM1), 0};

			print((const CHAR8 *)"fixture: key ");
			print(key);
			print((const CHAR8 *)"\r\n");
			if (key[0] == 'q') {
				end_machine();
			}
		}
		__asm__ volatile("pause");
	}
}
