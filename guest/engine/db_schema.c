/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"

/* Times are nanoseconds since 1970. JSON columns hold what the API gets and gives. */
static const char schema_0[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

	/* `object` is bh-image's IMAGE object without its layers. */
	"CREATE TABLE image (id TEXT PRIMARY KEY, created INTEGER NOT NULL, size INTEGER NOT NULL,"
	" object TEXT NOT NULL, parent TEXT) WITHOUT ROWID;"
	"CREATE TABLE layer (chain TEXT PRIMARY KEY, diff TEXT NOT NULL, blob TEXT, media TEXT,"
	" size INTEGER NOT NULL, packed INTEGER) WITHOUT ROWID;"
	"CREATE TABLE image_layer (image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,"
	" position INTEGER NOT NULL, chain TEXT NOT NULL REFERENCES layer(chain),"
	" PRIMARY KEY (image, position)) WITHOUT ROWID;"
	"CREATE INDEX image_layer_chain ON image_layer(chain);"
	/* `ref` is normal: docker.io/library/busybox:latest. */
	"CREATE TABLE tag (ref TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image(id)"
	" ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX tag_image ON tag(image);"
	/* repository@sha256:..., of what was pulled or pushed. */
	"CREATE TABLE digest (ref TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image(id)"
	" ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX digest_image ON digest(image);"

	/* `spec` is {\"Config\",\"HostConfig\",\"NetworkingConfig\",...}; `state` what
	 * container_state.c writes. An image in use cannot be deleted. */
	"CREATE TABLE container (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image TEXT"
	" REFERENCES image(id), created INTEGER NOT NULL, spec TEXT NOT NULL, state TEXT NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX container_image ON container(image);"

	"CREATE TABLE volume (name TEXT PRIMARY KEY, created INTEGER NOT NULL, anonymous INTEGER"
	" NOT NULL, labels TEXT NOT NULL, options TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE container_volume (container TEXT NOT NULL REFERENCES container(id)"
	" ON DELETE CASCADE, volume TEXT NOT NULL REFERENCES volume(name),"
	" PRIMARY KEY (container, volume)) WITHOUT ROWID;"
	"CREATE INDEX container_volume_volume ON container_volume(volume);";

/* Which image an instruction of a Dockerfile made of another: build_cache.c. */
static const char schema_1[] =
	"CREATE TABLE build_cache (key TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image(id)"
	" ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX build_cache_image ON build_cache(image);";

/* `subnet`, `gateway` (IPv4 in host order), `prefix`: null until its bridge was up once. An
 * endpoint is a running container's place in a network. */
static const char schema_2[] =
	"CREATE TABLE network (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT"
	" NULL, bridge TEXT NOT NULL, subnet INTEGER, gateway INTEGER, prefix INTEGER,"
	" spec TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE endpoint (id TEXT PRIMARY KEY, container TEXT NOT NULL REFERENCES"
	" container(id) ON DELETE CASCADE, network TEXT NOT NULL REFERENCES network(id),"
	" address INTEGER NOT NULL, mac TEXT NOT NULL, interface TEXT NOT NULL,"
	" host_interface TEXT NOT NULL, ports TEXT NOT NULL, config TEXT NOT NULL,"
	" UNIQUE (network, address), UNIQUE (container, network)) WITHOUT ROWID;";

const char *const db_schema[] = {schema_0, schema_1, schema_2};
const int db_schema_version = sizeof(db_schema) / sizeof(db_schema[0]);
