/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"
#include "engine.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DB_STATEMENTS 96

static sqlite3 *db;
static struct {
	const char *sql;
	sqlite3_stmt *statement;
} db_cache[DB_STATEMENTS];
static bool db_is_durable;

static int db_failed(const char *what)
{
	engine_log("database: %s: %s", what, sqlite3_errmsg(db));
	return -1;
}

static int db_exec(const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_failed(sql);
}

static sqlite3_stmt *db_prepare(const char *sql)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		if (db_cache[i].sql == sql) {
			return db_cache[i].statement;
		}
		if (!db_cache[i].sql) {
			if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT,
					       &db_cache[i].statement, NULL) != SQLITE_OK) {
				break;
			}
			db_cache[i].sql = sql;
			return db_cache[i].statement;
		}
	}
	db_failed(sql);
	abort();
}

static sqlite3_stmt *db_bind(const char *sql, const char *types, va_list arguments)
{
	sqlite3_stmt *statement = db_prepare(sql);

	sqlite3_reset(statement);
	for (int i = 0; types[i]; i++) {
		if (types[i] == 'i') {
			sqlite3_bind_int64(statement, i + 1, va_arg(arguments, int64_t));
		} else {
			sqlite3_bind_text(statement, i + 1, va_arg(arguments, const char *), -1,
					  SQLITE_TRANSIENT);
		}
	}
	return statement;
}

int db_run(const char *sql, const char *types, ...)
{
	va_list arguments;

	va_start(arguments, types);
	sqlite3_stmt *statement = db_bind(sql, types, arguments);
	va_end(arguments);
	int code = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : db_failed(sql);
}

sqlite3_stmt *db_query(const char *sql, const char *types, ...)
{
	va_list arguments;

	va_start(arguments, types);
	sqlite3_stmt *statement = db_bind(sql, types, arguments);
	va_end(arguments);
	return statement;
}

bool db_step(sqlite3_stmt *query)
{
	int code = sqlite3_step(query);

	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		db_failed(sqlite3_sql(query));
	}
	return code == SQLITE_ROW;
}

void db_done(sqlite3_stmt *query)
{
	sqlite3_reset(query);
	sqlite3_clear_bindings(query);
}

const char *db_text(sqlite3_stmt *query, int column)
{
	const unsigned char *text = sqlite3_column_text(query, column);

	return text ? (const char *)text : "";
}

int64_t db_int(sqlite3_stmt *query, int column)
{
	return sqlite3_column_int64(query, column);
}

json *db_json(sqlite3_stmt *query, int column)
{
	const char *error;
	const char *text = db_text(query, column);
	json *value = json_parse(text, strlen(text), &error);

	return value ? value : json_object_new_object();
}

char *db_first(sqlite3_stmt *query)
{
	char *text = db_step(query) ? text_copy(db_text(query, 0)) : NULL;

	db_done(query);
	return text;
}

json *db_list(sqlite3_stmt *query)
{
	json *list = json_object_new_array();

	while (db_step(query)) {
		json_append_string(list, db_text(query, 0));
	}
	db_done(query);
	return list;
}

int64_t db_number(const char *sql, const char *types, ...)
{
	va_list arguments;

	va_start(arguments, types);
	sqlite3_stmt *query = db_bind(sql, types, arguments);
	va_end(arguments);
	int64_t number = db_step(query) ? db_int(query, 0) : 0;
	db_done(query);
	return number;
}

int db_begin(bool durable)
{
	if (durable != db_is_durable) {
		if (db_exec(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL") <
		    0) {
			return -1;
		}
		db_is_durable = durable;
	}
	return db_run("BEGIN IMMEDIATE", "");
}

static void db_rollback(void)
{
	if (!sqlite3_get_autocommit(db)) {
		db_run("ROLLBACK", "");
	}
}

bool db_end(bool ok)
{
	ok = ok && db_run("COMMIT", "") == 0;
	if (!ok) {
		db_rollback();
	}
	return ok;
}

static int db_upgrade(void)
{
	int version = (int)db_number("PRAGMA user_version", "");

	if (version > db_schema_version) {
		engine_log("the database is of a newer bh-engine (schema %d, this one knows %d)",
			   version, db_schema_version);
		return -1;
	}
	for (; version < db_schema_version; version++) {
		char done[64];
		snprintf(done, sizeof(done), "PRAGMA user_version=%d", version + 1);
		if (db_begin(true) < 0 ||
		    !db_end(db_exec(db_schema[version]) == 0 && db_exec(done) == 0)) {
			return -1;
		}
	}
	return 0;
}

int db_open(const char *path)
{
	if (sqlite3_open_v2(path, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
				    SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK) {
		return db_failed(path);
	}
	sqlite3_busy_timeout(db, 2000);
	/* Another engine on the same root would be fatal: the lock is kept for good. */
	if (db_exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA "
		    "synchronous=NORMAL;"
		    "PRAGMA cache_size=-256; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF") <
	    0) {
		return -1;
	}
	return db_upgrade();
}

void db_close(void)
{
	for (size_t i = 0; i < DB_STATEMENTS && db_cache[i].sql; i++) {
		sqlite3_finalize(db_cache[i].statement);
		db_cache[i].sql = NULL;
	}
	sqlite3_close(db);
	db = NULL;
}
