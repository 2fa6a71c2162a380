/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: columns for people, JSON for programs; both are made in memory first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS 12u
#define TABLE_ROWS    130u
#define TABLE_TEXT    48u

/* Columns as wide as their widest cell; those whose title begins with '>' are set to the right. */
struct table {
	uint32_t columns;
	uint32_t rows; /* the titles are row 0 */
	char cells[TABLE_ROWS][TABLE_COLUMNS][TABLE_TEXT];
};

void table_start(struct table *table, const char *const *titles, uint32_t columns);
void table_row(struct table *table);
/* Cells that would make too many rows are left out, longer texts are cut. */
__attribute__((format(printf, 3, 4))) void table_cell(struct table *table, uint32_t column,
						      const char *format, ...);
void table_print(const struct table *table, FILE *out, bool has_colours);

/* A JSON text as it is written, indented by nothing, one line. Names and texts are escaped. */
struct json {
	FILE *out;
	bool needs_comma;
};

/* name NULL: an element of an array, or the whole. */
void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_end(struct json *json, char bracket);
void json_text(struct json *json, const char *name, const char *text);
void json_number(struct json *json, const char *name, uint64_t number);
void json_decimal(struct json *json, const char *name, double number); /* three decimals */
void json_bool(struct json *json, const char *name, bool value);
