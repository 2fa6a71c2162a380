/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes and variables, as Docker's shell-like words have them. */
#include "dockerfile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

#define EXPAND_DEPTH 16
#define EXPAND_MAX   (1 << 20)

struct expander {
	const char *next;
	char escape;
	dockerfile_lookup lookup;
	void *context;
	char *error;
	int depth;
};

static bool expand_until(struct expander *expander, struct text *out, char stop);

static bool fail(struct expander *expander, char *words)
{
	free(expander->error);
	expander->error = words;
	return false;
}

static bool add(struct expander *expander, struct text *out, const char *bytes, size_t length)
{
	if (length > EXPAND_MAX - out->length) {
		return fail(expander, text_copy("a value grew too long"));
	}
	text_add(out, bytes, length);
	return true;
}

static size_t name_length(const char *at)
{
	size_t length = 0;

	if (isdigit((unsigned char)*at)) {
		return 1;
	}
	while (isalnum((unsigned char)at[length]) || at[length] == '_') {
		length++;
	}
	return length;
}

/* After the name in ${name...}: the value by the operator, which stands at expander->next. */
static bool apply_operator(struct expander *expander, struct text *out, const char *name,
			   const char *value)
{
	bool counts_empty = *expander->next == ':';
	char sign = expander->next[counts_empty];
	bool is_set = value && (!counts_empty || *value);
	struct text word = {0};

	if (!sign || !strchr("-+?", sign)) {
		return fail(expander, text_format("unsupported modifier in ${%s}: %.10s", name,
						  expander->next));
	}
	expander->next += counts_empty + 1;
	text_puts(&word, "");
	bool ok = expand_until(expander, &word, '}');
	if (ok && *expander->next != '}') {
		ok = fail(expander, text_format("no } after ${%s", name));
	}
	expander->next += *expander->next == '}';
	if (ok && sign == '?' && !is_set) {
		ok = fail(expander,
			  text_format("%s: %s", name,
				      word.length ? word.data : "not allowed to be unset"));
	} else if (ok && sign != '+' && is_set) {
		ok = add(expander, out, value, strlen(value));
	} else if (ok && (sign == '-' || (sign == '+' && is_set))) {
		ok = add(expander, out, word.data, word.length);
	}
	text_free(&word);
	return ok;
}

static bool expand_variable(struct expander *expander, struct text *out)
{
	bool has_brace = *++expander->next == '{';
	const char *start = expander->next + has_brace;
	size_t length = name_length(start);

	if (!length) {
		return has_brace ? fail(expander, text_copy("no name after ${"))
				 : add(expander, out, "$", 1);
	}
	char *name = text_format("%.*s", (int)length, start);
	const char *value = expander->lookup(expander->context, name);
	bool ok;
	expander->next = start + length;
	if (!has_brace || *expander->next == '}') {
		expander->next += has_brace;
		ok = !value || add(expander, out, value, strlen(value));
	} else if (++expander->depth > EXPAND_DEPTH) {
		ok = fail(expander, text_copy("variables nested too deep"));
	} else {
		ok = apply_operator(expander, out, name, value);
		expander->depth--;
	}
	free(name);
	return ok;
}

static bool expand_single(struct expander *expander, struct text *out)
{
	const char *end = strchr(expander->next + 1, '\'');

	if (!end) {
		return fail(expander, text_copy("unexpected end of statement while looking for "
						"matching single-quote"));
	}
	bool ok = add(expander, out, expander->next + 1, (size_t)(end - expander->next - 1));
	expander->next = end + 1;
	return ok;
}

static bool expand_double(struct expander *expander, struct text *out)
{
	bool ok = true;

	for (expander->next++; ok && *expander->next != '"';) {
		char letter = *expander->next;
		if (!letter) {
			return fail(expander, text_copy("unexpected end of statement while looking "
							"for matching double-quote"));
		}
		if (letter == '$') {
			ok = expand_variable(expander, out);
			continue;
		}
		/* Inside, the escape character is one only before these. */
		char after = letter == expander->escape ? expander->next[1] : 0;
		if (after && (after == '"' || after == '$' || after == expander->escape)) {
			expander->next++;
		}
		ok = add(expander, out, expander->next++, 1);
	}
	expander->next += ok;
	return ok;
}

static bool expand_until(struct expander *expander, struct text *out, char stop)
{
	bool ok = true;

	while (ok && *expander->next && *expander->next != stop) {
		if (*expander->next == '\'') {
			ok = expand_single(expander, out);
		} else if (*expander->next == '"') {
			ok = expand_double(expander, out);
		} else if (*expander->next == '$') {
			ok = expand_variable(expander, out);
		} else {
			expander->next += *expander->next == expander->escape && expander->next[1];
			ok = add(expander, out, expander->next++, 1);
		}
	}
	return ok;
}

char *dockerfile_expand(const char *word, char escape, dockerfile_lookup lookup, void *context,
			char **error)
{
	struct expander expander = {
		.next = word, .escape = escape, .lookup = lookup, .context = context};
	struct text out = {0};

	text_puts(&out, "");
	if (expand_until(&expander, &out, '\0')) {
		return out.data;
	}
	*error = expander.error;
	text_free(&out);
	return NULL;
}
