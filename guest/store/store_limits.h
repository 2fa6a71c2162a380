/* SPDX-License-Identifier: Apache-2.0 */
/* What an archive, an image and a registry may ask of this machine. README.md says why these. */
#pragma once

#include <stdint.h>

#define LIMIT_PATH        4095           /* bytes of a name or of a link's target */
#define LIMIT_COMPONENT   255            /* bytes of one part of a name */
#define LIMIT_DEPTH       256            /* parts of a name */
#define LIMIT_ENTRIES     4000000        /* of one archive */
#define LIMIT_BYTES       (64ull << 30)  /* of one archive, unpacked */
#define LIMIT_FILE        (4ull << 40)   /* apparent size of one file: a sparse one may be large */
#define LIMIT_RATIO       1100           /* unpacked to packed: gzip's best is 1032 */
#define LIMIT_RATIO_FROM  (256ull << 20) /* unpacked bytes from which the ratio counts */
#define LIMIT_XATTRS      64             /* of one file */
#define LIMIT_XATTR       65536          /* bytes of one value (XATTR_SIZE_MAX) */
#define LIMIT_LAYERS      512            /* of an image; overlayfs itself takes 500 */
#define LIMIT_DOCUMENT    (4u << 20) /* bytes of a manifest, index or config (distribution-spec) */
#define LIMIT_IMAGES      1024       /* in one archive of `load` */
#define LIMIT_FETCH_TIME  3600L      /* seconds of one URL of ADD */
#define LIMIT_SPARE_BYTES (32ull << 20) /* a file system is never filled further than this */
