/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of COPY and .dockerignore; --chown's names; UTF-8 of reports. */
/* Links: guest/store/glob.c guest/store/tar_plan.c guest/store/chown.c guest/store/report.c guest/common/utf8.c */
/* Links: guest/common/json.c guest/common/text.c guest/common/file.c guest/common/in_root.c */
/* Libraries: -ljson-c -larchive */
#include "chown.h"
#include "glob.h"
#include "tap.h"
#include "utf8.h"

#include <string.h>

static void plain_patterns(void)
{
	TAP_CHECK(glob_match("a*c", "abc", false) && glob_match("a*c", "ac", false));
	TAP_CHECK(!glob_match("a*c", "ab/c", false) && !glob_match("a*c", "abcd", false));
	TAP_CHECK(glob_match("?x", "ax", false) && !glob_match("?x", "/x", false));
	TAP_CHECK(glob_match("[a-c]x", "bx", false) && !glob_match("[^a-c]x", "bx", false));
	TAP_CHECK(glob_match("[]]x", "]x", false) && glob_match("[a\\]]x", "]x", false));
	TAP_CHECK(glob_match("\\*", "*", false) && !glob_match("\\*", "a", false));
	TAP_CHECK(!glob_match("[a", "a", false) && !glob_match("[", "[", false));
	TAP_CHECK(glob_match("**", "ab", false) && !glob_match("**", "a/b", false));
	TAP_CHECK(glob_match("", "", false) && !glob_match("", "a", false));
	TAP_CHECK(glob_match("a[-]b", "a-b", false) && glob_match("[a-]", "-", false));
	TAP_CHECK(glob_is_pattern("a?") && glob_is_pattern("[") && !glob_is_pattern("a.b"));
}

static void deep_patterns(void)
{
	TAP_CHECK(glob_match("**/a", "a", true) && glob_match("**/a", "x/y/a", true));
	TAP_CHECK(!glob_match("**/a", "xa", true) && !glob_match("**/a", "x/ya", true));
	TAP_CHECK(glob_match("a/**/b", "a/b", true) && glob_match("a/**/b", "a/x/y/b", true));
	TAP_CHECK(!glob_match("a/**/b", "a/xb", true) && !glob_match("a/**/b", "ab", true));
	TAP_CHECK(glob_match("a/**", "a/x/y", true) && !glob_match("a/**", "a", true));
	TAP_CHECK(glob_match("**", "a/b/c", true) && glob_match("**/*.go", "x/y.go", true));
}

/* A pattern that makes backtracking matchers take for ever. */
static void hostile_pattern(void)
{
	char pattern[4000];
	char path[2000];

	for (size_t i = 0; i + 1 < sizeof(pattern); i += 3) {
		memcpy(pattern + i, "**a", 3);
	}
	pattern[sizeof(pattern) - 1] = '\0';
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	TAP_CHECK(glob_match(pattern, path, true));
	path[sizeof(path) - 2] = 'b';
	TAP_CHECK(!glob_match(pattern, path, true));
}

static void ignore_lines(void)
{
	json *lines = json_object_new_array();
	static const char *const words[] = {"# no",        "",    "  *.log  ", "/build",
					    "!build/keep", "**/x"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		json_append_string(lines, words[i]);
	}
	TAP_CHECK(glob_ignores(lines, "a.log") && !glob_ignores(lines, "d/a.log"));
	TAP_CHECK(glob_ignores(lines, "build") && glob_ignores(lines, "build/a/b"));
	TAP_CHECK(!glob_ignores(lines, "build/keep") && !glob_ignores(lines, "build/keep/a"));
	TAP_CHECK(glob_ignores(lines, "build/keep/x") && glob_ignores(lines, "x/y"));
	TAP_CHECK(!glob_ignores(lines, "# no") && glob_has_exceptions(lines));
	json_object_put(lines);
	TAP_CHECK(!glob_ignores(NULL, "a") && !glob_has_exceptions(NULL));
}

static void owners(void)
{
	const char *file = "root:x:0:0\nbad:x\nuser:x:1000:5:\nuser2::7\nlast:x:9";
	uint32_t number = 77;

	TAP_CHECK(chown_find(file, "user", &number) && number == 1000);
	TAP_CHECK(chown_find(file, "user2", &number) && number == 7);
	TAP_CHECK(chown_find(file, "last", &number) && number == 9);
	TAP_CHECK(!chown_find(file, "bad", &number) && !chown_find(file, "use", &number));
	TAP_CHECK(!chown_find("", "x", &number) && !chown_find(NULL, "x", &number));
	TAP_CHECK(chown_number("4294967294", 10, &number) && number == 4294967294u);
	TAP_CHECK(!chown_number("4294967295", 10, &number) && !chown_number("-1", 2, &number));
	TAP_CHECK(!chown_number("99999999999", 11, &number) && !chown_number("", 0, &number));
}

static void cleaned(const char *bytes, const char *expected)
{
	struct text text = {0};

	utf8_add(&text, bytes, strlen(bytes));
	TAP_TEXT(text.data, expected);
	text_free(&text);
}

#define BAD "\xef\xbf\xbd"

static void utf8(void)
{
	cleaned("", "");
	cleaned("a\n", "a\n");
	cleaned("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	cleaned("a\xe9z", "a" BAD "z");
	cleaned("\xe2\x82", BAD BAD);
	cleaned("\xc0\xaf", BAD BAD);
	cleaned("\xe0\x80\xaf", BAD BAD BAD);
	cleaned("\xed\xa0\x80", BAD BAD BAD);
	cleaned("\xf4\x90\x80\x80", BAD BAD BAD BAD);
	cleaned("\xf5\xff", BAD BAD);
	TAP_EQUAL(utf8_length("\xe2\x82\xac", 2), 0);
	TAP_EQUAL(utf8_length("", 0), 0);
}

static const struct tap_case cases[] = {
	{"plain patterns", plain_patterns},
	{"deep patterns", deep_patterns},
	{"hostile pattern", hostile_pattern},
	{"ignore lines", ignore_lines},
	{"owners", owners},
	{"UTF-8", utf8},
};
TAP_MAIN(cases)
