/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what is planned for a tar's entries: no path of a plan leaves the root. */
/* Links: guest/store/tar_plan.c guest/common/text.c */
/* Libraries: -larchive */
#include "fuzz.h"

#include <archive.h>
#include <string.h>
#include "store_limits.h"
#include "tar_plan.h"

static void check_path(const char *path)
{
	FUZZ_CHECK(path && path[0] != '/' && strlen(path) <= LIMIT_PATH);
	for (const char *part = path; *part;) {
		size_t length = strcspn(part, "/");
		FUZZ_CHECK(length > 0 && length <= LIMIT_COMPONENT);
		FUZZ_CHECK(strncmp(part, ".", length) != 0);
		FUZZ_CHECK(length != 2 || strncmp(part, "..", 2) != 0);
		part += length + (part[length] == '/');
		FUZZ_CHECK(part[-1] != '/' || *part);
	}
}

static void check_plan(const struct plan *plan, enum tar_mode mode)
{
	if (plan->kind == PLAN_REFUSED) {
		FUZZ_CHECK(plan->why && plan->why[0]);
		return;
	}
	if (plan->kind == PLAN_SKIP) {
		return;
	}
	check_path(plan->path);
	FUZZ_CHECK(plan->path[0] || plan->kind == PLAN_DIR || plan->kind == PLAN_OPAQUE);
	FUZZ_CHECK(mode == TAR_LAYER || (plan->kind != PLAN_WHITEOUT && plan->kind != PLAN_OPAQUE));
	if (mode == TAR_LAYER && plan->path[0]) {
		const char *slash = strrchr(plan->path, '/');
		FUZZ_CHECK(strncmp(slash ? slash + 1 : plan->path, ".wh.", 4) != 0);
	}
	if (plan->kind == PLAN_HARDLINK) {
		check_path(plan->target);
		FUZZ_CHECK(plan->target[0]);
	}
	if (plan->kind == PLAN_SYMLINK) {
		FUZZ_CHECK(plan->target && strlen(plan->target) <= LIMIT_PATH);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	struct plan plan;

	archive_read_support_format_tar(archive);
	archive_read_support_format_empty(archive);
	if (archive_read_open_memory(archive, data, size) == ARCHIVE_OK) {
		for (int i = 0; i < 64; i++) {
			int result = archive_read_next_header(archive, &entry);
			if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
				break;
			}
			enum tar_mode mode = i % 2 ? TAR_PLAIN : TAR_LAYER;
			plan_make(entry, mode, &plan);
			check_plan(&plan, mode);
			plan_free(&plan);
		}
	}
	archive_read_free(archive);
	return 0;
}
