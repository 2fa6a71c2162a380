/* SPDX-License-Identifier: Apache-2.0 */
#include "name.h"
#include "text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const adjectives[] = {
	"able",   "agile",   "amber",  "brave",  "brisk",  "calm",  "civil",  "clear",
	"clever", "cosy",    "crisp",  "eager",  "early",  "fair",  "fast",   "fine",
	"firm",   "fond",    "frank",  "fresh",  "gentle", "glad",  "golden", "grand",
	"green",  "happy",   "hardy",  "honest", "humble", "jolly", "keen",   "kind",
	"lively", "loyal",   "lucid",  "mellow", "merry",  "mild",  "neat",   "nimble",
	"noble",  "patient", "plain",  "polite", "proud",  "quick", "quiet",  "ready",
	"rapid",  "sharp",   "silent", "silver", "smart",  "solid", "steady", "sturdy",
	"sunny",  "swift",   "tidy",   "true",   "vivid",  "warm",  "wise",   "witty",
};
static const char *const nouns[] = {
	"anchor", "beacon", "boat",    "bosun",    "bow",     "bridge", "buoy",    "cabin",
	"canal",  "canoe",  "captain", "cargo",    "clipper", "coast",  "compass", "crane",
	"cutter", "deck",   "dock",    "dory",     "ferry",   "fleet",  "frigate", "galley",
	"gull",   "harbor", "hatch",   "helm",     "heron",   "hull",   "island",  "jetty",
	"keel",   "ketch",  "lagoon",  "lantern",  "lock",    "lugger", "mast",    "mate",
	"oar",    "packet", "pier",    "pilot",    "port",    "quay",   "raft",    "reef",
	"rigger", "rudder", "sail",    "schooner", "sextant", "skiff",  "sloop",   "spar",
	"stern",  "tender", "tide",    "tiller",   "trawler", "wharf",  "winch",   "yawl",
};

static void random_bytes(void *bytes, size_t length)
{
	char *next = bytes;

	while (length) {
		ssize_t count = getrandom(next, length, 0);
		if (count > 0) {
			next += count;
			length -= (size_t)count;
		}
	}
}

char *id_random(char id[ID_SIZE])
{
	uint8_t bytes[ID_LENGTH / 2];

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		id[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		id[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	id[ID_LENGTH] = '\0';
	return id;
}

bool id_is_hex(const char *text)
{
	return *text && strspn(text, "0123456789abcdef") == strlen(text);
}

bool name_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length < 2 || length > NAME_LENGTH || !isalnum((unsigned char)name[0])) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i])) {
			return false;
		}
	}
	return true;
}

char *name_random(void)
{
	uint8_t bytes[2];

	random_bytes(bytes, sizeof(bytes));
	return text_format("%s_%s", adjectives[bytes[0] % 64], nouns[bytes[1] % 64]);
}
