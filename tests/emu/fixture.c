/* SPDX-License-Identifier: Apache-2.0 */
/* An EFI program that the launcher's own tests boot: says what it was given, then obeys one key. */
#include <efi.h>
#include <efilib.h>

#define COM1 0x3f8
#define LINE_STATUS (COM1 + 5)
#define LINE_STATUS_DATA 0x01
#define LINE_STATUS_EMPTY 0x20
#define QEMU_EXIT_PORT 0xf4
#define QEMU_EXIT_GOOD 0x10
#define BOCHS_EXIT_PORT 0x8900

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

/* Prints the first line of \bulkhead\bulkhead.conf of the volume this program came from. */
static void print_config(EFI_LOADED_IMAGE *image)
{
	EFI_FILE_HANDLE root = LibOpenRoot(image->DeviceHandle);
	EFI_FILE_HANDLE file = NULL;
	CHAR8 text[80];
	UINTN size = sizeof(text) - 1;

	if (root == NULL) {
		print((const CHAR8 *)"fixture: no volume\r\n");
		return;
	}
	if (EFI_ERROR(root->Open(root, &file, (CHAR16 *)L"\\bulkhead\\bulkhead.conf",
				 EFI_FILE_MODE_READ, 0)) ||
	    EFI_ERROR(file->Read(file, &size, text))) {
		print((const CHAR8 *)"fixture: no configuration\r\n");
		return;
	}
	text[size] = 0;
	for (UINTN i = 0; i < size; i++) {
		if (text[i] == '\n') {
			text[i] = 0;
		}
	}
	print((const CHAR8 *)"fixture: configuration '");
	print(text);
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
