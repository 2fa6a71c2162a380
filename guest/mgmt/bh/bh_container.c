/* SPDX-License-Identifier: Apache-2.0 */
#include "bh_container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENT "/usr/lib/bulkhead/bh-client"

/* Those that are no words of partitions; the others stand behind "container". */
static const char *const words[] = {"container", "run",  "exec", "ps",    "images",
				    "attach",    "logs", "pull", "push",  "build",
				    "commit",    "tag",  "rmi",  "login", "logout"};

bool bh_is_container_word(const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], name) == 0) {
			return true;
		}
	}
	return false;
}

int bh_container(struct bh *bh, int argc, char **argv)
{
	const char *named = getenv("BH_CLIENT");
	const char *client = named != NULL ? named : CLIENT;
	bool is_prefixed = strcmp(argv[1], "container") == 0;

	fflush(bh->out);
	execv(client, argc > 1 && is_prefixed ? argv + 1 : argv);
	return bh_fail(bh, BH_FAILED, "%s: cannot run %s: %s; is this image one with containers?",
		       argv[1], client, strerror(errno));
}

void bh_container_help(struct bh *bh)
{
	fputs("\ncontainers, in docker's words (`bh container --help` lists all of them):\n ",
	      bh->out);
	for (size_t i = 1; i < sizeof(words) / sizeof(words[0]); i++) {
		fprintf(bh->out, " %s", words[i]);
	}
	fputc('\n', bh->out);
}
