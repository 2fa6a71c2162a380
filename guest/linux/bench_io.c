/* SPDX-License-Identifier: Apache-2.0 */
/* Exits of paravirtual I/O at full rate: marks round a console's output, and round a TCP stream. */
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define CONSOLE_BYTES (32u << 10)
#define STREAM_BYTES  (4u << 20)
#define PIECE         (64u << 10)
#define PORT          9
#define TRIES         200
#define TRY_US        100000

static char piece[PIECE];

static void load_modules(void)
{
	static const char *const names[] = {
		"virtio_ring",           "virtio",     "virtio_pci_legacy_dev",
		"virtio_pci_modern_dev", "virtio_pci", "failover",
		"net_failover",          "virtio_net", "virtio_console",
	};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/modules/%s.ko", names[i]);
		load_module(path);
	}
}

static uint32_t write_all(int file)
{
	uint32_t done = 0;

	while (done < CONSOLE_BYTES) {
		ssize_t written = write(file, piece, CONSOLE_BYTES - done);

		if (written <= 0) {
			perror("/dev/hvc0");
			break;
		}
		done += (uint32_t)written;
	}
	tcdrain(file);
	return done;
}

/* Lines of 64 bytes: as text, of which Linux sends each line and each line's end alone, and raw. */
static void measure_console(void)
{
	struct termios settings;
	uint32_t done;
	int file = -1;

	for (int i = 0; i < TRIES && file < 0; i++) {
		usleep(TRY_US);
		file = open("/dev/hvc0", O_WRONLY | O_NOCTTY);
	}
	memset(piece, '.', sizeof(piece));
	for (size_t i = 63; i < sizeof(piece); i += 64) {
		piece[i] = '\n';
	}
	usleep(10 * TRY_US); /* its driver has settled */
	mark(MARK_FIRST);
	done = write_all(file);
	mark(MARK_SECOND);
	if (tcgetattr(file, &settings) == 0) {
		cfmakeraw(&settings);
		(void)tcsetattr(file, TCSANOW, &settings);
	}
	mark(MARK_THIRD);
	done += write_all(file);
	mark(MARK_FOURTH);
	close(file);
	printf("bench-init: console=%u\n", done / 2);
}

static bool set_address(const char *address)
{
	struct ifreq request = {.ifr_name = "eth0"};
	struct sockaddr_in *to = (struct sockaddr_in *)(void *)&request.ifr_addr;
	int handle = socket(AF_INET, SOCK_DGRAM, 0);
	bool is_set;

	to->sin_family = AF_INET;
	inet_pton(AF_INET, address, &to->sin_addr);
	is_set = ioctl(handle, SIOCSIFADDR, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	is_set = is_set && ioctl(handle, SIOCSIFFLAGS, &request) == 0;
	if (!is_set) {
		perror("eth0");
	}
	close(handle);
	return is_set;
}

/* Both ways, as the interface counts them. */
static uint64_t packets(void)
{
	uint64_t received = 0;
	uint64_t sent = 0;
	char line[256];
	FILE *file = fopen("/proc/net/dev", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *numbers = strstr(line, "eth0:");

		if (numbers != NULL) {
			sscanf(numbers,
			       "eth0: %*u %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64,
			       &received, &sent);
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	return received + sent;
}

static int connect_to(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	inet_pton(AF_INET, address, &to.sin_addr);
	for (int i = 0; i < TRIES; i++) {
		int handle = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(handle, (struct sockaddr *)&to, sizeof(to)) == 0) {
			return handle;
		}
		close(handle);
		usleep(TRY_US);
	}
	perror("connect");
	return -1;
}

static int accept_one(void)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) != 0 || listen(listener, 1) != 0) {
		perror("listen");
	}
	return accept(listener, NULL, NULL);
}

/* The other has read all of it when its side ends. */
static void send_stream(int handle)
{
	for (uint32_t done = 0; done < STREAM_BYTES;) {
		ssize_t sent = send(handle, piece, PIECE, 0);

		if (sent <= 0) {
			perror("send");
			return;
		}
		done += (uint32_t)sent;
	}
	shutdown(handle, SHUT_WR);
	(void)read(handle, piece, 1);
}

static uint64_t receive_stream(int handle)
{
	uint64_t done = 0;
	ssize_t size;

	while ((size = read(handle, piece, PIECE)) > 0) {
		done += (uint64_t)size;
	}
	return done;
}

void measure_io(bool is_sender)
{
	uint64_t before;
	int handle;

	if (mount("dev", "/dev", "devtmpfs", 0, NULL) != 0) {
		perror("/dev");
	}
	load_modules();
	if (is_sender) {
		measure_console();
	}
	if (!set_address(is_sender ? "10.0.0.1" : "10.0.0.2")) {
		return;
	}
	handle = is_sender ? connect_to("10.0.0.2") : accept_one();
	before = packets();
	mark(MARK_FIFTH);
	if (is_sender) {
		send_stream(handle);
	} else {
		(void)receive_stream(handle);
	}
	mark(MARK_SIXTH);
	printf("bench-init: packets=%" PRIu64 "\n", packets() - before);
	close(handle);
}
