/* SPDX-License-Identifier: Apache-2.0 */
/* Networks in the database and in memory. */
#include "db.h"
#include "engine.h"
#include "http.h"
#include "moment.h"
#include "network_inside.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_BRIDGE "bh0"

static struct network *networks;

struct network *network_first(void)
{
	return networks;
}

struct network *network_find(const char *name)
{
	struct network *found = NULL;
	size_t length = strlen(name);

	for (struct network *one = networks; one; one = one->next) {
		if (!strcmp(one->name, name) || !strcmp(one->id, name)) {
			return one;
		}
	}
	for (struct network *one = networks; one && length; one = one->next) {
		if (!strncmp(one->id, name, length)) {
			if (found) {
				return NULL;
			}
			found = one;
		}
	}
	return found;
}

struct network *network_of_request(struct request *request)
{
	const char *name = request_parameter(request, 0);
	struct network *network = network_find(name);

	if (!network) {
		reply_error(request, 404, "network %s not found", name);
	}
	return network;
}

bool network_is_internal(const struct network *network)
{
	return json_get_bool(network->spec, "Internal", false);
}

const char *network_option(const struct network *network, const char *key, const char *fallback)
{
	return json_get_string(json_get(network->spec, "Options"), key, fallback);
}

static void append(struct network *network)
{
	struct network **end = &networks;

	while (*end) {
		end = &(*end)->next;
	}
	*end = network;
}

static struct network *make(const char *id, const char *name, const char *bridge, json *spec)
{
	struct network *network = memory_zeroed(1, sizeof(*network));

	memcpy(network->id, id, ID_SIZE);
	network->name = text_copy(name);
	network->bridge = text_copy(bridge);
	network->spec = spec;
	network->is_predefined =
		!strcmp(name, "bridge") || !strcmp(name, "host") || !strcmp(name, "none");
	append(network);
	return network;
}

struct network *network_insert(const char *name, const char *bridge, json *spec)
{
	char id[ID_SIZE];
	int64_t now = moment_now();

	id_random(id);
	char *own = bridge ? text_copy(bridge) : text_format("br-%.12s", id);
	bool ok = db_end(db_begin(true) == 0 &&
			 db_run("INSERT INTO network (id, name, created, bridge, spec)"
				" VALUES (?,?,?,?,?)",
				"ttitt", id, name, now, own, json_text(spec)) == 0);
	struct network *network = ok ? make(id, name, own, spec) : NULL;
	if (network) {
		network->created = now;
	} else {
		json_object_put(spec);
	}
	free(own);
	return network;
}

int network_store_subnet(struct network *network)
{
	return db_run("UPDATE network SET subnet = ?, gateway = ?, prefix = ? WHERE id = ?", "iiit",
		      (int64_t)network->subnet, (int64_t)network->gateway, (int64_t)network->prefix,
		      network->id);
}

int network_delete(struct network *network)
{
	if (!db_end(db_begin(true) == 0 &&
		    db_run("DELETE FROM network WHERE id = ?", "t", network->id) == 0)) {
		return -1;
	}
	for (struct network **link = &networks; *link; link = &(*link)->next) {
		if (*link == network) {
			*link = network->next;
			break;
		}
	}
	json_object_put(network->spec);
	free(network->name);
	free(network->bridge);
	free(network);
	return 0;
}

static void load(sqlite3_stmt *query)
{
	if (strlen(db_text(query, 0)) != ID_LENGTH) {
		return;
	}

	struct network *network =
		make(db_text(query, 0), db_text(query, 1), db_text(query, 3), db_json(query, 7));

	network->created = db_int(query, 2);
	network->subnet = (uint32_t)db_int(query, 4);
	network->gateway = (uint32_t)db_int(query, 5);
	network->prefix = (unsigned)db_int(query, 6);
}

int network_load_all(void)
{
	sqlite3_stmt *query = db_query("SELECT id, name, created, bridge, subnet, gateway, prefix,"
				       " spec FROM network ORDER BY created",
				       "");

	while (db_step(query)) {
		load(query);
	}
	db_done(query);
	if (!network_find("bridge") &&
	    (!network_insert("bridge", DEFAULT_BRIDGE, json_object_new_object()) ||
	     !network_insert("host", "", json_object_new_object()) ||
	     !network_insert("none", "", json_object_new_object()))) {
		engine_log("the database does not take the networks");
		return -1;
	}
	return 0;
}
