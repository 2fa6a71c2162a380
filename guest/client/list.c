/* SPDX-License-Identifier: Apache-2.0 */
/* ps and images: tables for people, JSON for programs. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS_MAX 8

struct rows {
	char **cells;
	size_t count; /* of cells */
	size_t columns;
};

static void add_cell(struct rows *rows, char *cell)
{
	rows->cells = memory_resize(rows->cells, rows->count + 1, sizeof(char *));
	rows->cells[rows->count++] = cell;
}

static void start_rows(struct rows *rows, const char *const *titles, size_t columns)
{
	*rows = (struct rows){.columns = columns};
	for (size_t i = 0; i < columns; i++) {
		add_cell(rows, text_copy(titles[i]));
	}
}

static void print_rows(struct rows *rows)
{
	size_t widths[COLUMNS_MAX] = {0};

	for (size_t i = 0; i < rows->count; i++) {
		size_t length = strlen(rows->cells[i]);
		size_t *width = &widths[i % rows->columns];
		*width = length > *width ? length : *width;
	}
	for (size_t i = 0; i < rows->count; i++) {
		size_t column = i % rows->columns;
		/* A command's bytes are the container's. */
		for (char *letter = rows->cells[i]; *letter; letter++) {
			*letter = (unsigned char)*letter < 32 || *letter == 127 ? '?' : *letter;
		}
		if (column + 1 == rows->columns) {
			puts(rows->cells[i]);
		} else {
			printf("%-*s   ", (int)widths[column], rows->cells[i]);
		}
		free(rows->cells[i]);
	}
	free(rows->cells);
}

static char *ago(int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{31536000, "year"}, {2592000, "month"}, {604800, "week"}, {86400, "day"},
		     {3600, "hour"},     {60, "minute"},     {1, "second"}};

	seconds = seconds < 1 ? 1 : seconds;
	for (size_t i = 0;; i++) {
		int64_t count = seconds / units[i].seconds;
		if (count) {
			return text_format("%lld %s%s ago", (long long)count, units[i].name,
					   count == 1 ? "" : "s");
		}
	}
}

/* The hex digits that people see of an id. */
static char *short_id(json *object)
{
	const char *id = json_get_string(object, "Id", "");
	const char *colon = strchr(id, ':');

	return text_format("%.12s", colon ? colon + 1 : id);
}

static char *size_words(int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double number = (double)bytes;
	size_t unit = 0;

	for (; number >= 1000 && unit < 4; unit++) {
		number /= 1000;
	}
	return text_format("%.3g%s", number, units[unit]);
}

static char *ports_words(json *ports)
{
	struct text out = {0};

	text_puts(&out, "");
	for (size_t i = 0; i < json_count(ports); i++) {
		json *port = json_at(ports, i);
		int64_t public = json_get_int(port, "PublicPort", 0);
		text_puts(&out, i ? ", " : "");
		if (public) {
			text_printf(&out, "%s:%d->", json_get_string(port, "IP", "0.0.0.0"),
				    (int)public);
		}
		text_printf(&out, "%d/%s", (int)json_get_int(port, "PrivatePort", 0),
			    json_get_string(port, "Type", "tcp"));
	}
	return out.data;
}

static void add_container(struct rows *rows, json *one)
{
	const char *name = json_string_at(json_get_array(one, "Names"), 0);

	add_cell(rows, short_id(one));
	add_cell(rows, text_copy(json_get_string(one, "Image", "")));
	add_cell(rows, text_format("\"%.20s\"", json_get_string(one, "Command", "")));
	add_cell(rows, ago(time(NULL) - json_get_int(one, "Created", 0)));
	add_cell(rows, text_copy(json_get_string(one, "Status", "")));
	add_cell(rows, ports_words(json_get_array(one, "Ports")));
	add_cell(rows, text_copy(name ? name + (*name == '/') : ""));
}

/* --quiet: ids; --json: as the engine says it; else false. */
static bool print_plain(struct client *client, json *list)
{
	if (client_has(client, "json")) {
		puts(list ? json_text(list) : "[]");
		return true;
	}
	for (size_t i = 0; client_has(client, "quiet") && i < json_count(list); i++) {
		char *id = short_id(json_at(list, i));
		puts(id);
		free(id);
	}
	return client_has(client, "quiet");
}

int client_ps(struct client *client)
{
	static const char *const titles[] = {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
					     "STATUS",       "PORTS", "NAMES"};
	json *list;
	struct rows rows;
	int result = client_call(
		"GET", client_has(client, "all") ? "/containers/json?all=1" : "/containers/json",
		NULL, &list);

	if (result == CLIENT_OK && !print_plain(client, list)) {
		start_rows(&rows, titles, 7);
		for (size_t i = 0; i < json_count(list); i++) {
			add_container(&rows, json_at(list, i));
		}
		print_rows(&rows);
	}
	json_object_put(list);
	return result;
}

static void add_image(struct rows *rows, json *one, const char *tag)
{
	char *name = text_copy(tag);
	char *colon = strrchr(name, ':');

	if (colon) {
		*colon = '\0';
	}
	add_cell(rows, text_copy(name));
	add_cell(rows, text_copy(colon ? colon + 1 : "<none>"));
	add_cell(rows, short_id(one));
	add_cell(rows, ago(time(NULL) - json_get_int(one, "Created", 0)));
	add_cell(rows, size_words(json_get_int(one, "Size", 0)));
	free(name);
}

int client_images(struct client *client)
{
	static const char *const titles[] = {"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"};
	json *list;
	struct rows rows;
	int result = client_call("GET", "/images/json", NULL, &list);

	if (result == CLIENT_OK && !print_plain(client, list)) {
		start_rows(&rows, titles, 5);
		for (size_t i = 0; i < json_count(list); i++) {
			json *one = json_at(list, i);
			json *tags = json_get_array(one, "RepoTags");
			for (size_t tag = 0; tag < json_count(tags); tag++) {
				add_image(&rows, one, json_string_at(tags, tag));
			}
			if (!json_count(tags)) {
				add_image(&rows, one, "<none>:<none>");
			}
		}
		print_rows(&rows);
	}
	json_object_put(list);
	return result;
}
