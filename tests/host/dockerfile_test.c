/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles: lines, flags, forms, errors with their line; words with quotes and variables. */
/* Links: guest/build/dockerfile.c guest/build/dockerfile_arguments.c guest/build/dockerfile_expand.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "dockerfile.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include "text.h"

/* Instructions as "KIND@line{flags}[x](word|word)" lines, or the error. */
static char *shown(const char *words)
{
	struct dockerfile file;
	struct text out = {0};

	text_puts(&out, "");
	if (!dockerfile_parse(&file, words, strlen(words))) {
		text_puts(&out, file.error);
	}
	for (size_t i = 0; i < file.count && !file.error; i++) {
		const struct instruction *one = &file.instructions[i];
		text_printf(&out, "%s%s@%d", i ? "\n" : "", instruction_name(one->kind), one->line);
		for (size_t flag = 0; flag < one->flag_count; flag++) {
			text_printf(&out, "{%s}", one->flags[flag]);
		}
		text_puts(&out, one->is_exec ? "x(" : "(");
		for (size_t word = 0; word < one->word_count; word++) {
			text_printf(&out, "%s%s", word ? "|" : "", one->words[word]);
		}
		text_puts(&out, ")");
	}
	dockerfile_free(&file);
	return out.data;
}

static void expect(const char *words, const char *expected)
{
	char *actual = shown(words);

	TAP_TEXT(actual, expected);
	free(actual);
}

static void lines_are_joined(void)
{
	expect("FROM a\n", "FROM@1(a)");
	expect("\xef\xbb\xbf"
	       "from a as b",
	       "FROM@1(a|as|b)");
	expect("\n# c\n  FROM\ta\r\nRUN x \\\n  y \\  \n# in between\n z\nUSER u",
	       "FROM@3(a)\nRUN@4(x   y  z)\nUSER@8(u)");
	expect("FROM a\nRUN x \\\n\n y", "FROM@1(a)\nRUN@2(x  y)");
	expect("FROM a\nRUN x \\", "FROM@1(a)\nRUN@2(x)");
	expect("# escape=`\nFROM a\nRUN x `\n c:\\d\\\nUSER u",
	       "FROM@2(a)\nRUN@3(x  c:\\d\\)\nUSER@5(u)");
	expect("# c\n# escape=`\nFROM a\nRUN x `\nUSER u", "FROM@3(a)\nRUN@4(x `)\nUSER@5(u)");
	expect("# syntax=docker/dockerfile:1\n# escape = \\\nFROM a", "FROM@3(a)");
	expect("# escape=x\nFROM a",
	       "dockerfile parse error line 1: the escape character is \\ or `, not x");
}

static void warnings_name_empty_continuations(void)
{
	static const char words[] = "FROM a\nRUN x \\\n\n y\n";
	struct dockerfile file;

	TAP_CHECK(dockerfile_parse(&file, words, strlen(words)));
	TAP_TEXT(file.warnings, "[WARNING]: Empty continuation line found in line 3\n");
	TAP_TEXT(file.instructions[1].original, "RUN x  y");
	dockerfile_free(&file);
}

static void forms_are_told_apart(void)
{
	expect("RUN [\"a\", \"b c\"]", "RUN@1x(a|b c)");
	expect("RUN [a, b]", "RUN@1([a, b])");
	expect("RUN [\"a\", 1]", "RUN@1([\"a\", 1])");
	expect("CMD []", "CMD@1x()");
	expect("ENTRYPOINT exec top -b", "ENTRYPOINT@1(exec top -b)");
	expect("SHELL [\"/bin/sh\",\"-c\"]", "SHELL@1x(/bin/sh|-c)");
	expect("SHELL sh",
	       "dockerfile parse error line 1: SHELL requires the arguments to be in JSON form");
	expect("COPY --from=b --chown=1:2 a \"b\" /c/", "COPY@1{from=b}{chown=1:2}(a|\"b\"|/c/)");
	expect("ADD [\"a b\", \"/c\"]", "ADD@1x(a b|/c)");
	expect("VOLUME /a /b", "VOLUME@1(/a|/b)");
	expect("HEALTHCHECK --interval=5s --retries=3 CMD [\"x\"]",
	       "HEALTHCHECK@1{interval=5s}{retries=3}x(CMD|x)");
	expect("HEALTHCHECK none", "HEALTHCHECK@1(NONE)");
	expect("ONBUILD RUN a b", "ONBUILD@1(RUN a b)");
}

static void pairs_have_two_forms(void)
{
	expect("ENV a b  c", "ENV@1(a|b  c)");
	expect("ENV a=1 b=\"x y\" c=d\\ e f='g h'", "ENV@1(a|1|b|\"x y\"|c|d\\ e|f|'g h')");
	expect("LABEL \"a b\"=c d=", "LABEL@1(\"a b\"|c|d|)");
	expect("ENV a", "dockerfile parse error line 1: ENV must have two arguments");
	expect("ENV a=b c",
	       "dockerfile parse error line 1: can't find = in \"c\": ENV takes name=value words");
	expect("ENV =b",
	       "dockerfile parse error line 1: can't find = in \"=b\": ENV takes name=value words");
	expect("ARG a b=c", "ARG@1(a|b=c)");
	expect("ARG =x", "dockerfile parse error line 1: ARG names can not be blank");
}

static void errors_name_the_line(void)
{
	expect("", "dockerfile parse error: file with no instructions");
	expect("# only\n", "dockerfile parse error: file with no instructions");
	expect("FROM a\nFOO x", "dockerfile parse error line 2: unknown instruction: FOO");
	expect("FROM", "dockerfile parse error line 1: FROM requires at least one argument");
	expect("FROM a b", "dockerfile parse error line 1: FROM requires either one or three "
			   "arguments: FROM image [AS name]");
	expect("\nCOPY a", "dockerfile parse error line 2: COPY requires at least two arguments, "
			   "but only 1 provided. Destination "
			   "could not be determined");
	expect("RUN --mount=type=cache x",
	       "dockerfile parse error line 1: RUN knows no flag --mount");
	expect("COPY --from a b", "dockerfile parse error line 1: missing a value on flag --from");
	expect("ONBUILD ONBUILD RUN x",
	       "dockerfile parse error line 1: ONBUILD isn't allowed as an ONBUILD trigger");
	expect("ONBUILD FOO", "dockerfile parse error line 1: in ONBUILD: dockerfile parse error: "
			      "unknown instruction: FOO");
	expect("HEALTHCHECK NONE x",
	       "dockerfile parse error line 1: HEALTHCHECK NONE takes no arguments");
	expect("HEALTHCHECK CMD",
	       "dockerfile parse error line 1: missing command after HEALTHCHECK CMD");
}

static void sizes_are_bounded(void)
{
	struct dockerfile file;
	struct text many = {0};

	for (int i = 0; i <= DOCKERFILE_LINES_MAX; i++) {
		text_puts(&many, "RUN x\n");
	}
	TAP_CHECK(!dockerfile_parse(&file, many.data, many.length));
	TAP_TEXT(file.error, "dockerfile parse error line 4097: more than 4096 instructions");
	dockerfile_free(&file);
	while (many.length <= DOCKERFILE_MAX) {
		text_puts(&many, "##############################################################");
	}
	TAP_CHECK(!dockerfile_parse(&file, many.data, many.length));
	dockerfile_free(&file);
	TAP_CHECK(!dockerfile_parse(&file, "FROM a\0b", 8));
	dockerfile_free(&file);
	text_free(&many);
}

static char look_context;

static const char *look(void *context, const char *name)
{
	TAP_CHECK(context == &look_context);
	return !strcmp(name, "a")        ? "A b"
	       : !strcmp(name, "e")      ? ""
	       : !strcmp(name, "long_1") ? "L"
					 : NULL;
}

static void expands(const char *word, const char *expected)
{
	char *error = NULL;
	char *actual = dockerfile_expand(word, '\\', look, &look_context, &error);

	TAP_TEXT(actual ? actual : error, expected);
	TAP_CHECK(!actual != !error);
	free(actual);
	free(error);
}

static void words_are_expanded(void)
{
	expands("", "");
	expands("$a-$long_1.$none.", "A b-L..");
	expands("'$a'\"$a\" \\$a \"\\$a\\x\"", "$aA b $a $a\\x");
	expands("${a}${e:-d}${e-d}${none:-$a}${none-'q r'}", "A bdA bq r");
	expands("${a:+set}${e:+set}${e+set}${none+set}", "setset");
	expands("${none:-${e:-${a}}}", "A b");
	expands("$ $1x$", "$ x$");
	expands("${none:?gone}", "none: gone");
	expands("${e?gone}", "");
	expands("${a", "unsupported modifier in ${a}: ");
	expands("${a:-x", "no } after ${a");
	expands("${}", "no name after ${");
	expands("${a:=x}", "unsupported modifier in ${a}: :=x}");
	expands("'a", "unexpected end of statement while looking for matching single-quote");
	expands("\"a", "unexpected end of statement while looking for matching double-quote");
	expands("\\", "\\");
}

static void nesting_is_bounded(void)
{
	struct text deep = {0};

	for (int i = 0; i < 40; i++) {
		text_puts(&deep, "${none:-");
	}
	expands(deep.data, "variables nested too deep");
	text_free(&deep);
}

static const struct tap_case cases[] = {
	{"lines are joined", lines_are_joined},
	{"warnings name empty continuations", warnings_name_empty_continuations},
	{"forms are told apart", forms_are_told_apart},
	{"pairs have two forms", pairs_have_two_forms},
	{"errors name the line", errors_name_the_line},
	{"sizes are bounded", sizes_are_bounded},
	{"words are expanded", words_are_expanded},
	{"nesting is bounded", nesting_is_bounded},
};
TAP_MAIN(cases)
