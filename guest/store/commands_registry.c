/* SPDX-License-Identifier: Apache-2.0 */
/* What bh-registry does. */
#include "commands.h"

const struct command commands[] = {
	{"pull", command_pull, "IMAGE", "fetches an image of a registry", false, true},
	{"push", command_push, "IMAGE", "sends an image to a registry", false, true},
	{"fetch", command_fetch, NULL, "fetches what ADD takes from URLs", false, true},
	{"tags", command_tags, "NAME", "the tags of a repository", false, false},
	{"search", command_search, "HOST[/WORDS]", "repositories of a registry", false, false},
	{"login", command_login, "SERVER", "tries a name and password", false, false},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);
