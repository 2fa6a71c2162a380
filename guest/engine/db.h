/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ROOT/engine.db: what is not in it does not exist. Transactions are short. An error of the
 * database (full, damaged) is logged here and told by -1; a statement that cannot be prepared is
 * our bug and ends the program.
 *
 * Arguments: `types` has a letter per `?` of the SQL: t const char * (NULL: null), i int64_t.
 */
#pragma once

#include "json.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Opens or makes it, and brings its schema up to date (db_schema.c). */
int db_open(const char *path);
void db_close(void);

/* `durable`: survives a loss of power (one fsync); without it, the death of the engine only. */
int db_begin(bool durable);

/* The end of a transaction, also of one that db_begin() did not begin: commits when all went well
 * so far, else takes all back. True: it is done. */
bool db_end(bool ok);

/* One statement without rows, within db_begin() or as a transaction of its own (not durable). `sql`
 * must be a constant: prepared statements are kept by its address. */
int db_run(const char *sql, const char *types, ...);
/* Rows: while (db_step(q)) {...}; db_done(q). One at a time per `sql`; db_done also after the last
 * row. */
sqlite3_stmt *db_query(const char *sql, const char *types, ...);
bool db_step(sqlite3_stmt *query);
void db_done(sqlite3_stmt *query);
/* Columns of a row: borrowed until the next db_step(); "" for null. */
const char *db_text(sqlite3_stmt *query, int column);
int64_t db_int(sqlite3_stmt *query, int column);
/* The column's JSON; an empty object when it is none. The caller puts it. */
json *db_json(sqlite3_stmt *query, int column);
/* The first column of the first row, which the caller frees; NULL without one. Ends the query. */
char *db_first(sqlite3_stmt *query);
/* The first column of all rows, an array. Ends the query. */
json *db_list(sqlite3_stmt *query);
/* The first column of the first row, 0 without one. */
int64_t db_number(const char *sql, const char *types, ...);

/* The schema's steps: step N brings version N to N + 1. Add at the end, never change one. */
extern const char *const db_schema[];
extern const int db_schema_version;
