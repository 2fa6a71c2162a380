/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that bh-tls listens at. */
/* Links: guest/tls/listen_address.c */
#include "listen_address.h"
#include "tap.h"

static char host[16], port[8];

static bool split(const char *text)
{
	return listen_address_split(text, host, sizeof(host), port, sizeof(port));
}

static void taken(void)
{
	TAP_CHECK(split("0.0.0.0:2376"));
	TAP_TEXT(host, "0.0.0.0");
	TAP_TEXT(port, "2376");
	TAP_CHECK(split("[::]:0"));
	TAP_TEXT(host, "::");
	TAP_TEXT(port, "0");
	TAP_CHECK(split("localhost:65535"));
}

static void refused(void)
{
	static const char *const bad[] = {
		"",        ":2376",  "host",    "host:", "host:65536", "host:+1",
		"host:1x", "::1:80", "[::1:80", "[]:80", "[:80",       "a-host-that-is-long:80"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!split(bad[i]));
	}
}

static const struct tap_case cases[] = {{"taken", taken}, {"refused", refused}};

TAP_MAIN(cases)
