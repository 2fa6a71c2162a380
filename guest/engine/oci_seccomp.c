/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp section of config.json, from a profile of Docker's form or the runtime-spec's. */
#include "engine.h"
#include "file.h"
#include "oci.h"
#include "seccomp_profile.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define SECCOMP_MAX (1024u * 1024)

/* A text that is JSON already, put into an object as it is. */
static int put_raw(struct json_object *object, struct printbuf *out, int level, int flags)
{
	const char *text = json_object_get_userdata(object);

	(void)level;
	(void)flags;
	return printbuf_memappend(out, text, (int)strlen(text));
}

static json *read_profile(void)
{
	struct text text = {0};
	char *path = engine_program("seccomp.json");
	const char *error = "it cannot be read";
	json *profile = NULL;

	if (file_read_at(AT_FDCWD, path, &text, SECCOMP_MAX) == 0) {
		profile = json_parse(text.data, text.length, &error);
	}
	if (!profile) {
		engine_log("no seccomp profile %s (%s): containers run without one", path, error);
	}
	text_free(&text);
	free(path);
	return profile;
}

static json *resolve(json *profile, json *capabilities, const char **error)
{
	struct utsname host;

	uname(&host);
	return seccomp_profile_resolve(profile, capabilities, host.release, error);
}

/* Most containers have the same capabilities: the last section is kept, as text. */
static json *default_section(json *capabilities)
{
	static json *profile;
	static bool is_read;
	static char *kept_for;
	static char *kept;
	const char *key = json_text(capabilities);

	if (!is_read) {
		profile = read_profile();
		is_read = true;
	}
	if (!profile) {
		return NULL;
	}
	if (!kept_for || strcmp(kept_for, key) != 0) {
		const char *error;
		json *section = resolve(profile, capabilities, &error);
		free(kept_for);
		free(kept);
		kept_for = text_copy(key);
		kept = text_copy(json_text(section));
		json_object_put(section);
	}
	json *raw = json_object_new_object();
	json_object_set_serializer(raw, put_raw, kept, NULL);
	return raw;
}

json *oci_seccomp(json *host, json *capabilities, char **error)
{
	const char *option = oci_security_option(host, "seccomp");
	const char *words = NULL;

	if (json_get_bool(host, "Privileged", false) || (option && !strcmp(option, "unconfined"))) {
		return NULL;
	}
	if (!option || !*option || !strcmp(option, "builtin")) {
		return default_section(capabilities);
	}
	json *profile = json_parse(option, strlen(option), &words);
	json *section = profile ? resolve(profile, capabilities, &words) : NULL;
	if (!section) {
		*error = text_format("Decoding seccomp profile failed: %s", words);
	}
	json_object_put(profile);
	return section;
}
