/* SPDX-License-Identifier: Apache-2.0 */
/* What bh-image does itself, and what bh-registry does for it. */
#include "commands.h"

const struct command commands[] = {
	{"pull", NULL, "IMAGE", "fetches an image of a registry", false, true},
	{"push", NULL, "IMAGE", "sends an image to a registry", false, true},
	{"fetch", NULL, NULL, "fetches what ADD takes from URLs", false, true},
	{"tags", NULL, "NAME", "the tags of a repository", false, false},
	{"search", NULL, "HOST[/WORDS]", "repositories of a registry", false, false},
	{"login", NULL, "SERVER", "tries a name and password", false, false},
	{"load", command_load, NULL, "images of an archive on standard input", false, true},
	{"save", command_save, NULL, "images as an archive on standard output", true, true},
	{"import", command_import, NULL, "a root file system's tar becomes an image", false, true},
	{"commit", command_commit, NULL, "a container's changes become a layer", false, true},
	{"usage", command_usage, NULL, "bytes of the files in directories", false, false},
	{"diff", command_diff, NULL, "what a container has changed", false, false},
	{"export", command_export, NULL, "tar of a root file system", true, false},
	{"archive-get", command_archive_get, NULL, "tar of a path in a container", true, false},
	{"archive-put", command_archive_put, NULL, "unpacks a tar into a container", false, true},
	{"archive-stat", command_archive_stat, NULL, "what a path in a container is", false, false},
	{"context", command_context, NULL, "unpacks a build context", false, true},
	{"copy", command_copy, NULL, "COPY and ADD of a Dockerfile", false, true},
	{"gc", command_gc, NULL, "removes what is not to be kept", false, true},
	{"verify", command_verify, NULL, "checks every digest in the store", false, true},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);
