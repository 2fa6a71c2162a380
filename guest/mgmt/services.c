/* SPDX-License-Identifier: Apache-2.0 */
/* The table of services. */
#include "services.h"

#include "process.h"
#include "say.h"
#include "service_life.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICES_MAX  32
#define ARGUMENTS_MAX 12
#define PATH_SIZE     300
#define LOG_MAX       (1 << 20) /* bytes; then it becomes NAME.old */

struct service {
	char name[SERVICE_NAME_SIZE];
	char *argv[ARGUMENTS_MAX + 1];
	const char *tty;
	pid_t pid; /* while it runs */
	struct service_life life;
};

static struct service services[SERVICES_MAX];
static uint32_t service_count;

void services_add(const char *name, char *const argv[], const char *tty)
{
	struct service *service = &services[service_count];

	if (service_count == SERVICES_MAX) {
		say("%s: more than %d services", name, SERVICES_MAX);
		return;
	}
	service_count++;
	snprintf(service->name, sizeof(service->name), "%s", name);
	for (uint32_t i = 0; i < ARGUMENTS_MAX && argv[i] != NULL; i++) {
		service->argv[i] = strdup(argv[i]);
	}
	service->tty = tty;
	service_life_init(&service->life, tty != NULL, process_now_ms());
}

void services_add_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char path[PATH_SIZE];
		char *argv[] = {path, NULL};
		struct stat status;

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
		    access(path, X_OK) == 0) {
			services_add(entries[i]->d_name, argv, NULL);
		}
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
}

static void bound_log(const char *log)
{
	char old[PATH_SIZE + 8];
	struct stat status;

	if (stat(log, &status) == 0 && status.st_size > LOG_MAX) {
		snprintf(old, sizeof(old), "%s.old", log);
		rename(log, old);
	}
}

static void start(struct service *service)
{
	char log[PATH_SIZE];

	snprintf(log, sizeof(log), "/run/log/%s", service->name);
	bound_log(log);
	service->pid = process_start(service->argv, service->tty, log);
	if (service->pid < 0) {
		service_life_ended(&service->life, process_now_ms());
		return;
	}
	service_life_started(&service->life, process_now_ms());
	if (service->tty == NULL) {
		say("%s: started, process %d", service->name, (int)service->pid);
	}
}

int services_run(void)
{
	uint64_t now = process_now_ms();
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < service_count; i++) {
		struct service *service = &services[i];

		if (service_life_is_due(&service->life, now)) {
			start(service);
		}
		if (service->life.state == SERVICE_WAITING && service->life.due_ms < next) {
			next = service->life.due_ms;
		}
	}
	if (next == UINT64_MAX) {
		return -1;
	}
	return next <= now ? 0 : next - now > INT_MAX ? INT_MAX : (int)(next - now);
}

static void say_end(const struct service *service, int status)
{
	const char *what = WIFSIGNALED(status) ? "ended by signal" : "ended with status";
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

	if (service->life.state == SERVICE_GIVEN_UP) {
		say("%s: %s %d, for the %dth time in a row: given up, see /run/log/%s",
		    service->name, what, number, SERVICE_QUICK_DEATHS, service->name);
	} else if (service->tty == NULL) {
		say("%s: %s %d, starting it again", service->name, what, number);
	}
}

bool services_ended(pid_t pid, int status)
{
	for (uint32_t i = 0; i < service_count; i++) {
		struct service *service = &services[i];

		if (service->life.state == SERVICE_RUNNING && service->pid == pid) {
			service_life_ended(&service->life, process_now_ms());
			say_end(service, status);
			return true;
		}
	}
	return false;
}
