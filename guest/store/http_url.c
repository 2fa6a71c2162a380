/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, by libcurl's parser. */
#include "http.h"

#include <stdlib.h>
#include <string.h>

/* scheme://host:port of the URL; NULL when it is none. */
static char *origin_of(const char *url)
{
	CURLU *handle = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	char *port = NULL;
	char *origin = NULL;

	if (curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		origin = text_format("%s://%s:%s", scheme, host, port);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(handle);
	return origin;
}

bool http_same_origin(const char *one, const char *other)
{
	char *left = origin_of(one);
	char *right = origin_of(other);
	bool is_same = left && right && strcasecmp(left, right) == 0;

	free(left);
	free(right);
	return is_same;
}

char *http_escape(const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	char *copy = text_copy(escaped ? escaped : "");

	curl_free(escaped);
	return copy;
}

char *http_path(const char *url)
{
	CURLU *handle = curl_url();
	char *path = NULL;
	char *copy = NULL;

	if (curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_PATH, &path, CURLU_URLDECODE) == CURLUE_OK) {
		copy = text_copy(path);
	}
	curl_free(path);
	curl_url_cleanup(handle);
	return copy;
}

char *http_resolve(const char *base, const char *relative)
{
	CURLU *handle = curl_url();
	char *url = NULL;
	char *copy = NULL;

	if (curl_url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(handle, CURLUPART_URL, relative, 0) == CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_URL, &url, 0) == CURLUE_OK) {
		copy = text_copy(url);
	}
	curl_free(url);
	curl_url_cleanup(handle);
	return copy;
}
