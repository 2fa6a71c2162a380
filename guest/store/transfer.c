/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "report.h"
#include "store.h"

#define TRIES         5
#define PROGRESS_STEP (1u << 20)
#define ENOUGH        (1u << 20) /* bytes that make a connection one that got on */

static void start_over(struct transfer *transfer)
{
	if (ftruncate(transfer->fd, 0) < 0 || lseek(transfer->fd, 0, SEEK_SET) < 0) {
		fail_errno("cannot write to tmp");
	}
	sha256_init(&transfer->hash);
	transfer->offset = 0;
}

/* Hashes what is there already. */
static void take_partial(struct transfer *transfer)
{
	static uint8_t block[65536];
	ssize_t count;

	while ((count = read(transfer->fd, block, sizeof(block))) > 0) {
		sha256_update(&transfer->hash, (size_t)count, block);
		transfer->offset += (uint64_t)count;
	}
	if (count < 0 || transfer->offset > transfer->blob->size) {
		start_over(transfer);
	}
}

/* The first bytes of an answer: do they go where they are expected? */
static bool is_in_place(struct transfer *transfer, long status)
{
	uint64_t first = 0;

	if (status == 200) {
		if (transfer->start) { /* it does not know ranges */
			start_over(transfer);
			transfer->start = 0;
			transfer->told = 0;
		}
		return true;
	}
	if (status != 206) {
		return true; /* an error's words, not kept */
	}
	if (sscanf(transfer->reply.range, "bytes %" SCNu64 "-", &first) != 1 ||
	    first != transfer->start) {
		transfer->problem = "the registry sends another part than it was asked for";
	}
	return !transfer->problem;
}

static size_t receive(char *bytes, size_t size, size_t count, void *opaque)
{
	struct transfer *transfer = opaque;
	size_t length = size * count;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->offset == transfer->start && !is_in_place(transfer, status)) {
		return 0;
	}
	if (status != 200 && status != 206) {
		return length;
	}
	if (length > transfer->blob->size - transfer->offset) {
		transfer->problem = "the registry sends more than the manifest says";
		return 0;
	}
	if (file_write_all(transfer->fd, bytes, length) < 0) {
		fail_errno("cannot write to tmp");
	}
	sha256_update(&transfer->hash, length, (uint8_t *)bytes);
	transfer->offset += length;
	if (transfer->offset - transfer->told >= PROGRESS_STEP) {
		store_check_space();
		report_progress("Downloading", digest_short(&transfer->blob->digest),
				transfer->offset, transfer->blob->size);
		transfer->told = transfer->offset;
	}
	return length;
}

void transfer_connect(struct transfer *transfer, struct registry *registry, const char *url)
{
	transfer->easy = curl_easy_init();
	transfer->reply = (struct http_reply){0};
	transfer->problem = NULL;
	transfer->start = transfer->offset;
	transfer->headers = http_headers(registry->authorization, NULL, NULL);
	http_prepare(transfer->easy, &registry->policy, url, &transfer->reply);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(transfer->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	if (transfer->start) {
		char range[32];
		snprintf(range, sizeof(range), "%" PRIu64 "-", transfer->start);
		curl_easy_setopt(transfer->easy, CURLOPT_RANGE, range);
	}
}

/* Its digest is right: into the store. */
static void complete(struct transfer *transfer)
{
	if (renameat(transfer->dir, transfer->name, store_blobs(),
		     digest_hex(&transfer->blob->digest)) < 0) {
		fail_errno("cannot put the blob %s into the store", transfer->blob->digest.text);
	}
	close(transfer->fd);
	transfer->is_whole = true;
	report_progress("Download complete", digest_short(&transfer->blob->digest), 0, 0);
}

bool transfer_open(struct transfer *transfer, const struct descriptor *blob)
{
	*transfer = (struct transfer){.blob = blob, .dir = store_tmp(), .fd = -1};
	sha256_init(&transfer->hash);
	snprintf(transfer->name, sizeof(transfer->name), "partial-%s", digest_hex(&blob->digest));
	transfer->fd = openat(transfer->dir, transfer->name,
			      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* Another pull has it in work: each its own. */
	if (transfer->fd >= 0 && flock(transfer->fd, LOCK_EX | LOCK_NB) < 0) {
		close(transfer->fd);
		transfer->dir = store_work();
		transfer->fd = openat(transfer->dir, transfer->name,
				      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	if (transfer->fd < 0) {
		fail_errno("cannot make a file in tmp");
	}
	take_partial(transfer);
	transfer->is_resumed = transfer->offset > 0;
	if (transfer->offset < blob->size || !transfer->offset) {
		return false;
	}
	struct sha256_ctx copy = transfer->hash;
	struct digest found;
	digest_finish(&copy, &found);
	if (!digest_equal(&found, &blob->digest)) {
		start_over(transfer);
		return false;
	}
	complete(transfer);
	return true;
}

static enum transfer_end again(struct transfer *transfer, const char *why)
{
	if (transfer->offset - transfer->start >= ENOUGH) {
		transfer->tries = 0;
	}
	if (++transfer->tries >= TRIES) {
		fail(FAIL_UNAVAILABLE,
		     "the blob %s broke off %d times (%s); pull again to go on where it was",
		     transfer->blob->digest.text, TRIES, why);
	}
	transfer->not_before = time(NULL) + (1 << (transfer->tries - 1)) - 1;
	return TRANSFER_AGAIN;
}

/* What another try does not change. */
static bool is_final(CURLcode code)
{
	return code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_TOO_MANY_REDIRECTS ||
	       code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_URL_MALFORMAT;
}

static enum transfer_end judge(struct transfer *transfer, struct registry *registry, CURLcode code,
			       long status)
{
	struct digest found;

	if (transfer->problem) {
		(void)unlinkat(transfer->dir, transfer->name, 0);
		fail(FAIL_DIGEST, "the blob %s: %s", transfer->blob->digest.text,
		     transfer->problem);
	}
	if (status == 401 && transfer->tries < 2) {
		registry_login(registry, registry->scope);
		return again(transfer, "the login is refused");
	}
	if (status == 416) {
		start_over(transfer);
		return again(transfer, "the registry does not have the rest");
	}
	if (is_final(code)) {
		fail(FAIL_UNAVAILABLE, "the blob %s: %s", transfer->blob->digest.text,
		     curl_easy_strerror(code));
	}
	if (code != CURLE_OK) {
		return again(transfer, curl_easy_strerror(code));
	}
	if (status == 429 || status >= 500) {
		return again(transfer, "the registry has a problem of its own");
	}
	if (status != 200 && status != 206) {
		struct http_reply reply = {.status = status};
		registry_fail(registry, &reply, transfer->blob->digest.text);
	}
	if (transfer->offset < transfer->blob->size) {
		fail(FAIL_DIGEST, "the blob %s has %" PRIu64 " bytes, the manifest says %" PRIu64,
		     transfer->blob->digest.text, transfer->offset, transfer->blob->size);
	}
	digest_finish(&transfer->hash, &found);
	if (digest_equal(&found, &transfer->blob->digest)) {
		complete(transfer);
		return TRANSFER_DONE;
	}
	if (!transfer->is_resumed) {
		(void)unlinkat(transfer->dir, transfer->name, 0);
		fail(FAIL_DIGEST, "the blob %s came with the digest %s",
		     transfer->blob->digest.text, found.text);
	}
	start_over(transfer);
	transfer->is_resumed = false;
	return again(transfer, "what an earlier pull left is wrong");
}

enum transfer_end transfer_finish(struct transfer *transfer, struct registry *registry,
				  CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	transfer->easy = NULL;
	transfer->headers = NULL;
	return judge(transfer, registry, code, status);
}
