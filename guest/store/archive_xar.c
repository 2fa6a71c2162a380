/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive is linked statically, for one format of its many: xar wants libxml2, and that ICU, 35
 * MB of a management image. No name of a format leads there.
 */
#include <archive.h>
#include <errno.h>

int archive_read_support_format_xar(struct archive *archive)
{
	archive_set_error(archive, ENOSYS, "xar is not supported");
	return ARCHIVE_FATAL;
}

int archive_write_set_format_xar(struct archive *archive)
{
	archive_set_error(archive, ENOSYS, "xar is not supported");
	return ARCHIVE_FATAL;
}
