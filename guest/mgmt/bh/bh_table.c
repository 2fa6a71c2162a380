/* SPDX-License-Identifier: Apache-2.0 */
/* Columns for people, JSON for programs. */
#include "bh_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define GAP   "  "
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

void table_start(struct table *table, const char *const *titles, uint32_t columns)
{
	table->columns = columns;
	table->rows = 0;
	table_row(table);
	for (uint32_t i = 0; i < columns; i++) {
		table_cell(table, i, "%s", titles[i]);
	}
}

void table_row(struct table *table)
{
	table->rows++;
	if (table->rows <= TABLE_ROWS) {
		memset(table->cells[table->rows - 1], 0, sizeof(table->cells[0]));
	}
}

void table_cell(struct table *table, uint32_t column, const char *format, ...)
{
	va_list arguments;

	if (table->rows > TABLE_ROWS) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(table->cells[table->rows - 1][column], TABLE_TEXT, format, arguments);
	va_end(arguments);
}

static bool is_right(const struct table *table, uint32_t column)
{
	return table->cells[0][column][0] == '>';
}

static const char *text_at(const struct table *table, uint32_t row, uint32_t column)
{
	return table->cells[row][column] + (row == 0 && is_right(table, column) ? 1 : 0);
}

static uint32_t shown_rows(const struct table *table)
{
	return table->rows < TABLE_ROWS ? table->rows : TABLE_ROWS;
}

static int width_of(const struct table *table, uint32_t column)
{
	size_t width = 0;

	for (uint32_t row = 0; row < shown_rows(table); row++) {
		size_t length = strlen(text_at(table, row, column));

		width = length > width ? length : width;
	}
	return (int)width;
}

void table_print(const struct table *table, FILE *out, bool has_colours)
{
	for (uint32_t row = 0; row < shown_rows(table); row++) {
		fputs(row == 0 && has_colours ? BOLD : "", out);
		for (uint32_t column = 0; column < table->columns; column++) {
			bool is_last = column + 1 == table->columns;
			int width = width_of(table, column);

			if (!is_right(table, column)) {
				width = is_last ? 0 : -width;
			}
			fprintf(out, "%*s%s", width, text_at(table, row, column),
				is_last ? "" : GAP);
		}
		fputs(row == 0 && has_colours ? PLAIN "\n" : "\n", out);
	}
}

static void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c >= 0x7f) {
			fprintf(out, "\\u%04x", c);
		} else {
			fprintf(out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
		}
	}
	fputc('"', out);
}

static void start_value(struct json *json, const char *name)
{
	fputs(json->needs_comma ? "," : "", json->out);
	if (name != NULL) {
		put_text(json->out, name);
		fputc(':', json->out);
	}
	json->needs_comma = true;
}

void json_object(struct json *json, const char *name)
{
	start_value(json, name);
	fputc('{', json->out);
	json->needs_comma = false;
}

void json_array(struct json *json, const char *name)
{
	start_value(json, name);
	fputc('[', json->out);
	json->needs_comma = false;
}

void json_end(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->needs_comma = true;
}

void json_text(struct json *json, const char *name, const char *text)
{
	start_value(json, name);
	put_text(json->out, text);
}

void json_number(struct json *json, const char *name, uint64_t number)
{
	start_value(json, name);
	fprintf(json->out, "%" PRIu64, number);
}

void json_decimal(struct json *json, const char *name, double number)
{
	start_value(json, name);
	fprintf(json->out, "%.3f", number);
}

void json_bool(struct json *json, const char *name, bool value)
{
	start_value(json, name);
	fputs(value ? "true" : "false", json->out);
}
