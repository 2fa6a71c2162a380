/* SPDX-License-Identifier: Apache-2.0 */
/* `fetch`: what ADD takes from a URL, each into a folder of its own below `to`. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "http.h"
#include "report.h"
#include "request.h"
#include "store.h"
#include "store_limits.h"
#include "stream.h"

#define URLS_MAX      64
#define URL_MAX       8192
#define PROGRESS_BITS 19 /* a line each 512 KiB */

struct fetch {
	const char *url;
	const char *name;
	int fd;
	uint64_t bytes;
	struct sha256_ctx hash;
	struct http_reply reply;
	CURL *easy;
	bool is_too_long;
};

static size_t receive(char *bytes, size_t size, size_t count, void *opaque)
{
	struct fetch *fetch = opaque;
	size_t length = size * count;
	curl_off_t total = 0;

	if (length > stream_limit_bytes - fetch->bytes) {
		fetch->is_too_long = true;
		return 0;
	}
	if (file_write_all(fetch->fd, bytes, length) < 0) {
		fail_errno("cannot write what %s sends", fetch->url);
	}
	sha256_update(&fetch->hash, length, (const uint8_t *)bytes);
	uint64_t before = fetch->bytes;
	fetch->bytes += length;
	if ((before ^ fetch->bytes) >> 26) { /* each 64 MiB */
		store_check_space();
	}
	if ((before ^ fetch->bytes) >> PROGRESS_BITS) {
		curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
		report_progress("Downloading", fetch->name, fetch->bytes,
				total > 0 ? (uint64_t)total : fetch->bytes);
	}
	return length;
}

static bool is_sane_name(const char *name)
{
	return *name && strlen(name) <= LIMIT_COMPONENT && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && !strchr(name, '/');
}

/* The last part of the URL's path; NULL: it has none that could be a file's name. */
static char *name_of(const char *url)
{
	char *path = http_path(url);
	char *slash = path ? strrchr(path, '/') : NULL;
	char *name = slash && is_sane_name(slash + 1) ? text_copy(slash + 1) : NULL;

	free(path);
	return name;
}

static void set_up(struct fetch *fetch)
{
	/* Plain from the start may stay plain; from https no redirect leads out of it. */
	struct http_policy policy = {.is_plain = strncasecmp(fetch->url, "http:", 5) == 0};

	fetch->reply = (struct http_reply){0};
	http_prepare(fetch->easy, &policy, fetch->url, &fetch->reply);
	curl_easy_setopt(fetch->easy, CURLOPT_PROXY, NULL); /* the environment's, if any */
	curl_easy_setopt(fetch->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(fetch->easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(fetch->easy, CURLOPT_FILETIME, 1L);
	curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT, LIMIT_FETCH_TIME);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
}

static _Noreturn void fail_fetch(const struct fetch *fetch, CURLcode code)
{
	long status = 0;

	if (fetch->is_too_long) {
		fail(FAIL_BAD_INPUT, "%s sends more than %llu bytes", fetch->url,
		     (unsigned long long)stream_limit_bytes);
	}
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_HTTP_RETURNED_ERROR) {
		fail(status == 404 ? FAIL_NOT_FOUND : FAIL_UNAVAILABLE,
		     "%s: the server answers %ld", fetch->url, status);
	}
	fail(FAIL_UNAVAILABLE, "%s: %s", fetch->url, curl_easy_strerror(code));
}

/* As Docker: readable by its owner alone, as old as Last-Modified says, or as 1970. */
static void set_status(const struct fetch *fetch)
{
	curl_off_t changed = -1;

	curl_easy_getinfo(fetch->easy, CURLINFO_FILETIME_T, &changed);
	struct timespec times[2] = {{.tv_sec = changed > 0 ? changed : 0},
				    {.tv_sec = changed > 0 ? changed : 0}};
	if (fchmod(fetch->fd, 0600) < 0 || futimens(fetch->fd, times) < 0) {
		fail_errno("cannot finish the file of %s", fetch->url);
	}
}

static void fetch_one(const char *url, int folder, const char *name, const char *checksum)
{
	struct fetch fetch = {.url = url, .name = name, .easy = curl_easy_init()};
	struct digest found;

	fetch.fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fetch.fd < 0) {
		fail_errno("cannot make a file for %s", url);
	}
	sha256_init(&fetch.hash);
	store_check_space();
	set_up(&fetch);
	CURLcode code = curl_easy_perform(fetch.easy);
	if (code != CURLE_OK) {
		fail_fetch(&fetch, code);
	}
	digest_finish(&fetch.hash, &found);
	if (*checksum && strcmp(checksum, found.text) != 0) {
		fail(FAIL_DIGEST, "%s came with the digest %s, --checksum wants %s", url,
		     found.text, checksum);
	}
	set_status(&fetch);
	close(fetch.fd);
	curl_easy_cleanup(fetch.easy);
}

/* The file's path below `to`. */
static char *fetch_numbered(const char *url, int to, size_t number, const char *checksum,
			    bool needs_name)
{
	char *name = name_of(url);
	char *folder = text_format("%zu", number);

	if (!name && needs_name) {
		fail(FAIL_BAD_INPUT,
		     "cannot determine a file name from %s: give a destination without a slash at "
		     "its end",
		     url);
	}
	int fd = mkdirat(to, folder, 0700) < 0
			 ? -1
			 : openat(to, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail_errno("cannot make a folder for %s", url);
	}
	fetch_one(url, fd, name ? name : "unnamed", checksum);
	close(fd);
	char *path = text_format("%s/%s", folder, name ? name : "unnamed");
	free(name);
	free(folder);
	return path;
}

void command_fetch(const char *argument)
{
	json *request = report_request();
	json *urls = json_get_array(request, "urls");
	const char *checksum = json_get_string(request, "checksum", "");
	json *files = json_object_new_array();
	int to = request_dir("to", O_RDONLY);

	(void)argument;
	report_doing("ADD failed");
	if (!json_count(urls) || json_count(urls) > URLS_MAX ||
	    (*checksum && !digest_parse(checksum, NULL))) {
		fail(FAIL_BAD_INPUT, "no URL, too many, or a checksum that is not sha256:<64 hex>");
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (size_t i = 0; i < json_count(urls); i++) {
		const char *url = json_string_at(urls, i);
		if (!url || strlen(url) > URL_MAX) {
			fail(FAIL_BAD_INPUT, "a URL is too long, or no string");
		}
		char *path = fetch_numbered(url, to, i, checksum,
					    json_get_bool(request, "needs_name", false));
		json_append_string(files, path);
		free(path);
	}
	json *result = json_object_new_object();
	json_set(result, "files", files);
	report_result(result);
}
