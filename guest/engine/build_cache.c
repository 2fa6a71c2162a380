/* SPDX-License-Identifier: Apache-2.0 */
/* Which image an instruction made of another, so that it need not be run again. */
#include "build.h"
#include "db.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static char *key_of_instruction(struct build *build, const char *more)
{
	struct text key = {0};

	text_puts(&key, instruction_name(build->instruction->kind));
	for (size_t i = 0; i < build->instruction->flag_count; i++) {
		text_printf(&key, "\n--%s", build->instruction->flags[i]);
	}
	text_puts(&key, build->instruction->is_exec ? "\n[]" : "\n");
	for (size_t i = 0; build->words[i]; i++) {
		text_printf(&key, "\n%zu:%s", strlen(build->words[i]), build->words[i]);
	}
	text_printf(&key, "\n%s", more ? more : "");
	return key.data;
}

char *build_cached(struct build *build, const char *more)
{
	char *key = key_of_instruction(build, more);
	char *image = build_cached_as(build, key);

	free(key);
	return image;
}

char *build_cached_as(struct build *build, const char *key)
{
	free(build->cache_key);
	build->cache_key = text_format("%s\n%s", build->image, key);
	if (build->has_no_cache || build->is_cache_missed) {
		return NULL;
	}
	char *image = db_first(
		db_query("SELECT image FROM build_cache WHERE key = ?", "t", build->cache_key));

	build->is_cache_missed = !image;
	return image;
}

void build_remember(struct build *build, const char *image)
{
	if (build->cache_key) {
		db_run("INSERT INTO build_cache (key, image) VALUES (?,?) ON CONFLICT (key) DO "
		       "UPDATE SET image ="
		       " excluded.image",
		       "tt", build->cache_key, image);
		free(build->cache_key);
		build->cache_key = NULL;
	}
}
