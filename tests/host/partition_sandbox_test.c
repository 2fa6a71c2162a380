/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers are a pod's sandbox, and the command line that bh-runtime gets for one. */
/* Links: guest/partition/sandbox.c guest/common/text.c guest/common/file.c guest/common/json.c guest/common/spawn.c */
/* Libraries: -ljson-c */
#include "json.h"
#include "sandbox.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static bool is(const char *config)
{
	const char *error;
	json *parsed = json_parse(config, strlen(config), &error);
	bool answer = sandbox_is(parsed);

	json_object_put(parsed);
	return answer;
}

static void marks(void)
{
	TAP_CHECK(is("{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\"}}"));
	TAP_CHECK(is("{\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\"}}"));
	TAP_CHECK(!is("{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\"}}"));
	TAP_CHECK(!is("{\"annotations\":{\"io.kubernetes.cri.container-type\":true}}"));
	TAP_CHECK(!is("{\"annotations\":[]}") && !is("{}") && !sandbox_is(NULL));
}

/* TEXT, of words with a blank between them, as sandbox_words() changes them; `command` is the
 * command's place. */
static const char *words(const char *text, int command)
{
	static char joined[400];
	char copy[200];
	char *argv[20];
	int argc = 0;
	char **made;

	strcpy(copy, text);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	made = sandbox_words("/x/bh-runtime", "/r", argc, argv, command);
	joined[0] = '\0';
	for (int i = 0; made[i] != NULL; i++) {
		strcat(strcat(joined, i > 0 ? " " : ""), made[i]);
	}
	free(made[0]);
	free(made[2]);
	free(made);
	return joined;
}

static void command_lines(void)
{
	TAP_TEXT(words("bh-partition --root /r --log l create --bundle b ID", 5),
		 "/x/bh-runtime --root /r/@sandboxes --log l create --bundle b ID");
	TAP_TEXT(words("bh-partition --log l --root=/r state ID", 4),
		 "/x/bh-runtime --root /r/@sandboxes --log l state ID");
	TAP_TEXT(words("bh-partition exec ID --root x --root=y", 1),
		 "/x/bh-runtime --root /r/@sandboxes exec ID --root x --root=y");
	TAP_TEXT(words("bh-partition delete ID", 1),
		 "/x/bh-runtime --root /r/@sandboxes delete ID");
}

static void places(void)
{
	TAP_CHECK(!sandbox_exists("/none", "a") && sandbox_exists("/", "../proc") == false);
}

static const struct tap_case cases[] = {
	{"annotations", marks},
	{"command lines", command_lines},
	{"places", places},
};

int main(void)
{
	return tap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
