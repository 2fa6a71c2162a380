/* SPDX-License-Identifier: Apache-2.0 */
#include "download.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>
#include "file.h"
#include "report.h"
#include "store.h"
#include "transfer.h"

#define PARALLEL 3
#define WAIT_MS  500
#define PAUSE_MS 20

static char *url_of(const struct download *download, const struct descriptor *blob)
{
	char *path = text_format("%s/blobs/%s", download->path, blob->digest.text);
	char *url = registry_url(download->registry, path);

	free(path);
	return url;
}

static void tell(int notices, size_t index)
{
	if (file_write_all(notices, &index, sizeof(index)) < 0) {
		exit(1); /* the reader has gone */
	}
}

/* A blob that an earlier pull brought, but no layer was made of: a loss of power may have spoilt
 * it.
 */
static bool is_there(const struct descriptor *blob)
{
	struct digest found;

	return blob_is_whole(&blob->digest, &found);
}

/* The same blob may be named more than once: the first one is fetched. */
static bool has_earlier_twin(const struct download *download, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (digest_equal(&download->blobs[i].digest, &download->blobs[index].digest)) {
			return true;
		}
	}
	return false;
}

/* The blob is in the store; the number of layers that wait for it. */
static size_t arrived(const struct download *download, struct transfer *transfers, int notices,
		      size_t index)
{
	size_t count = 0;

	for (size_t i = index; i < download->count; i++) {
		if (digest_equal(&download->blobs[i].digest, &download->blobs[index].digest)) {
			transfers[i].is_whole = true;
			tell(notices, i);
			count++;
		}
	}
	return count;
}

static void connect_one(const struct download *download, struct transfer *transfer, CURLM *multi)
{
	char *url = url_of(download, transfer->blob);

	transfer_connect(transfer, download->registry, url);
	free(url);
	if (curl_multi_add_handle(multi, transfer->easy) != CURLM_OK) {
		fail(FAIL_IO, "cannot start a transfer");
	}
}

/* Starts what may start; the number of blobs that turned out to be there. */
static size_t connect_some(const struct download *download, struct transfer *transfers,
			   CURLM *multi, int notices)
{
	size_t done = 0;
	size_t running = 0;
	time_t now = time(NULL);

	for (size_t i = 0; i < download->count; i++) {
		running += transfers[i].easy != NULL;
	}
	for (size_t i = 0; i < download->count && running < PARALLEL; i++) {
		struct transfer *transfer = &transfers[i];
		if (transfer->is_whole || transfer->easy || transfer->not_before > now ||
		    has_earlier_twin(download, i)) {
			continue;
		}
		if (!transfer->blob && transfer_open(transfer, &download->blobs[i])) {
			done += arrived(download, transfers, notices, i);
			continue;
		}
		connect_one(download, transfer, multi);
		running++;
	}
	return done;
}

static size_t finish_some(const struct download *download, struct transfer *transfers, CURLM *multi,
			  int notices)
{
	CURLMsg *message;
	int left;
	size_t done = 0;

	while ((message = curl_multi_info_read(multi, &left))) {
		struct transfer *transfer;
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
		curl_multi_remove_handle(multi, easy);
		if (transfer_finish(transfer, download->registry, code) == TRANSFER_DONE) {
			done += arrived(download, transfers, notices,
					(size_t)(transfer - transfers));
		}
	}
	return done;
}

static _Noreturn void run(const struct download *download, int notices)
{
	struct transfer *transfers = memory_zeroed(download->count, sizeof(*transfers));
	CURLM *multi = curl_multi_init();
	size_t done = 0;
	int running;

	download->registry->easy = curl_easy_init();
	for (size_t i = 0; i < download->count; i++) {
		if (!has_earlier_twin(download, i) && is_there(&download->blobs[i])) {
			done += arrived(download, transfers, notices, i);
		}
	}
	while (done < download->count) {
		done += connect_some(download, transfers, multi, notices);
		curl_multi_perform(multi, &running);
		done += finish_some(download, transfers, multi, notices);
		if (done < download->count && running) {
			curl_multi_poll(multi, NULL, 0, WAIT_MS, NULL);
		} else if (done < download->count) {
			usleep(PAUSE_MS * 1000); /* all wait for their next try */
		}
	}
	curl_multi_cleanup(multi);
	exit(0);
}

int download_start(const struct download *download)
{
	int ends[2];

	store_work();
	if (pipe2(ends, O_CLOEXEC) < 0) {
		fail_errno("cannot make a pipe");
	}
	curl_easy_cleanup(download->registry->easy);
	download->registry->easy = NULL;
	malloc_trim(0); /* of the certificates, for both processes */
	if (report_fork() == 0) {
		close(ends[0]);
		run(download, ends[1]);
	}
	close(ends[1]);
	return ends[0];
}

void download_join(const struct download *download, int notices)
{
	report_join();
	close(notices);
	download->registry->easy = curl_easy_init();
}
