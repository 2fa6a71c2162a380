/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"
#include "db.h"
#include "engine.h"
#include "image_ref.h"
#include "moment.h"
#include "name.h"
#include "spec_check.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_ID_MIN 3 /* digits of a short ID */

static char *find_by_id(const char *hex, bool *is_ambiguous)
{
	char *low = text_format("sha256:%s", hex);
	char *high = text_format("sha256:%sg", hex);
	char *found = NULL;
	sqlite3_stmt *query =
		db_query("SELECT id FROM image WHERE id >= ? AND id < ? LIMIT 2", "tt", low, high);

	while (db_step(query)) {
		if (found) {
			*is_ambiguous = true;
			free(found);
			found = NULL;
			break;
		}
		found = text_copy(db_text(query, 0));
	}
	db_done(query);
	free(low);
	free(high);
	return found;
}

char *image_find(const char *name, bool *is_ambiguous)
{
	bool ignored = false;
	const char *hex = strncmp(name, "sha256:", 7) ? name : name + 7;
	char *ref = hex == name ? image_ref_normal(name) : NULL;
	char *id = NULL;

	is_ambiguous = is_ambiguous ? is_ambiguous : &ignored;
	*is_ambiguous = false;
	if (ref && strchr(ref, '@')) {
		id = db_first(db_query("SELECT image FROM digest WHERE ref = ?", "t", ref));
	} else if (ref) {
		id = db_first(db_query("SELECT image FROM tag WHERE ref = ?", "t", ref));
	}
	free(ref);
	if (!id && id_is_hex(hex) && strlen(hex) >= IMAGE_ID_MIN && strlen(hex) <= ID_LENGTH) {
		id = find_by_id(hex, is_ambiguous);
	}
	return id;
}

static json *load_layers(const char *id)
{
	json *layers = json_object_new_array();
	sqlite3_stmt *query = db_query(
		"SELECT layer.diff, layer.chain, layer.blob, layer.media, layer.size, layer.packed"
		" FROM image_layer JOIN layer ON layer.chain = image_layer.chain"
		" WHERE image_layer.image = ? ORDER BY position",
		"t", id);

	while (db_step(query)) {
		json *layer = json_object_new_object();
		json_set_string(layer, "diff", db_text(query, 0));
		json_set_string(layer, "chain", db_text(query, 1));
		json_set_string(layer, "blob", *db_text(query, 2) ? db_text(query, 2) : NULL);
		json_set_string(layer, "media", db_text(query, 3));
		json_set_int(layer, "size", db_int(query, 4));
		json_set_int(layer, "packed", db_int(query, 5));
		json_object_array_add(layers, layer);
	}
	db_done(query);
	return layers;
}

json *image_load(const char *id)
{
	const char *error;
	char *text = db_first(db_query("SELECT object FROM image WHERE id = ?", "t", id));
	json *image = text ? json_parse(text, strlen(text), &error) : NULL;

	free(text);
	if (image) {
		json_set(image, "layers", load_layers(id));
	}
	return image;
}

json *image_run_config(json *image)
{
	return json_get_object(json_get(image, "config"), "config");
}

json *image_layers(const char *id)
{
	return db_list(db_query("SELECT chain FROM image_layer WHERE image = ? ORDER BY position",
				"t", id));
}

static json *familiar_names(sqlite3_stmt *query)
{
	json *names = json_object_new_array();

	while (db_step(query)) {
		json_append_owned(names, image_ref_familiar(db_text(query, 0)));
	}
	db_done(query);
	return names;
}

json *image_tags(const char *id)
{
	return familiar_names(
		db_query("SELECT ref FROM tag WHERE image = ? ORDER BY ref", "t", id));
}

json *image_digests(const char *id)
{
	return familiar_names(
		db_query("SELECT ref FROM digest WHERE image = ? ORDER BY ref", "t", id));
}

static int insert_layer(const char *image, json *layer, size_t position)
{
	const char *chain = json_get_string(layer, "chain", NULL);
	const char *diff = json_get_string(layer, "diff", NULL);

	if (!chain || !diff) {
		return -1;
	}
	if (db_run("INSERT INTO layer (chain, diff, blob, media, size, packed) VALUES (?,?,?,?,?,?)"
		   " ON CONFLICT (chain) DO UPDATE SET blob = coalesce(excluded.blob, blob),"
		   " media = coalesce(excluded.media, media), packed = max(excluded.packed, "
		   "packed)",
		   "ttttii", chain, diff, json_get_string(layer, "blob", NULL),
		   json_get_string(layer, "media", NULL), json_get_int(layer, "size", 0),
		   json_get_int(layer, "packed", 0)) < 0) {
		return -1;
	}
	return db_run("INSERT OR IGNORE INTO image_layer (image, position, chain) VALUES (?,?,?)",
		      "tit", image, (int64_t)position, chain);
}

int image_insert(json *image, const char *parent)
{
	const char *id = json_get_string(image, "id", "");
	json *layers = json_get_array(image, "layers");
	int64_t created = 0;

	if (strncmp(id, "sha256:", 7) || strlen(id) != 71 || !json_get_object(image, "config")) {
		return -1;
	}
	char *wrong = spec_check_image(json_get(image, "config"));
	if (wrong) {
		engine_log("the configuration of image %s: %s", id, wrong);
		free(wrong);
		return -1;
	}
	moment_parse(json_get_string(json_get(image, "config"), "created", ""), 0, &created);
	json *bare = json_object_new_object();
	json_object_object_foreach(image, key, value)
	{
		if (strcmp(key, "layers") != 0) {
			json_set(bare, key, json_object_get(value));
		}
	}
	int result = db_run("INSERT OR IGNORE INTO image (id, created, size, object, parent)"
			    " VALUES (?,?,?,?,?)",
			    "tiitt", id, created, json_get_int(image, "size", 0), json_text(bare),
			    parent);
	json_object_put(bare);
	for (size_t i = 0; result == 0 && i < json_count(layers); i++) {
		result = insert_layer(id, json_at(layers, i), i);
	}
	return result;
}

int image_tag(const char *ref, const char *id)
{
	return db_run("INSERT INTO tag (ref, image) VALUES (?,?)"
		      " ON CONFLICT (ref) DO UPDATE SET image = excluded.image",
		      "tt", ref, id);
}

int image_untag(const char *ref)
{
	return db_run("DELETE FROM tag WHERE ref = ?", "t", ref);
}

int image_add_digest(const char *ref, const char *id)
{
	return db_run("INSERT INTO digest (ref, image) VALUES (?,?)"
		      " ON CONFLICT (ref) DO UPDATE SET image = excluded.image",
		      "tt", ref, id);
}

int image_delete(const char *id)
{
	if (db_run("DELETE FROM image WHERE id = ?", "t", id) < 0) {
		return -1;
	}
	return db_run("DELETE FROM layer WHERE chain NOT IN (SELECT chain FROM image_layer)", "");
}

int64_t image_container_count(const char *id)
{
	return db_number("SELECT count(*) FROM container WHERE image = ?", "t", id);
}

char *image_parent(const char *id)
{
	return db_first(db_query("SELECT parent FROM image WHERE id = ?", "t", id));
}

bool image_has_children(const char *id)
{
	return db_number("SELECT count(*) FROM image WHERE parent = ?", "t", id) > 0;
}
