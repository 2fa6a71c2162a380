/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled filters on disk: a file is a header, the key it was made of, the program. */
#include "seccomp_private.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"

#define CACHE_MAGIC 0x32706d6363657362u /* "bseccmp2", changed with what is made of a profile */
#define CACHE_NAME  64
#define KEY_LIMIT   (1u << 20)
#define HASH_START  0x9e3779b97f4a7c15u
#define HASH_FACTOR 0xd6e8feb86659fd93u

struct cache_header {
	uint64_t magic;
	uint32_t library; /* libseccomp's version */
	uint32_t flags;
	uint32_t key_length;
	uint32_t count;
};

#define LIBRARY_VERSION ((SCMP_VER_MAJOR << 16) | (SCMP_VER_MINOR << 8) | SCMP_VER_MICRO)

/* A type's letter, then the length where there is one, then the bytes: no two profiles read alike.
 */
static void key_add(struct text *key, char type, const char *bytes, size_t length)
{
	uint32_t size = (uint32_t)length;

	text_add(key, &type, 1);
	text_add(key, (const char *)&size, sizeof(size));
	text_add(key, bytes, length);
}

static void key_add_number(struct text *key, char type, uint64_t number)
{
	text_add(key, &type, 1);
	text_add(key, (const char *)&number, sizeof(number));
}

static void key_add_object(json *object, struct text *key)
{
	key_add_number(key, '{', (uint64_t)json_object_object_length(object));
	struct json_object_iter at;
	json_object_object_foreachC(object, at)
	{
		key_add(key, 'k', at.key, strlen(at.key));
		seccomp_key(at.val, key);
	}
}

/* The parser has bounded the depth. */
void seccomp_key(json *value, struct text *key)
{
	size_t count;

	switch (json_object_get_type(value)) {
	case json_type_null:
		text_add(key, "n", 1);
		break;
	case json_type_boolean:
		text_add(key, json_object_get_boolean(value) ? "t" : "f", 1);
		break;
	case json_type_int:
		key_add_number(key, json_object_get_int64(value) < 0 ? '-' : '+',
			       json_object_get_int64(value) < 0
				       ? (uint64_t)json_object_get_int64(value)
				       : json_object_get_uint64(value));
		break;
	case json_type_double: {
		double number = json_object_get_double(value);
		key_add(key, 'd', (const char *)&number, sizeof(number));
		break;
	}
	case json_type_string:
		key_add(key, 's', json_object_get_string(value),
			(size_t)json_object_get_string_len(value));
		break;
	case json_type_array:
		count = json_object_array_length(value);
		key_add_number(key, '[', count);
		for (size_t i = 0; i < count; i++) {
			seccomp_key(json_at(value, i), key);
		}
		break;
	case json_type_object:
		key_add_object(value, key);
		break;
	}
}

/* Only finds the file: what the file says is compared whole. */
static uint64_t hash(const struct text *key)
{
	uint64_t state = HASH_START ^ key->length;
	uint64_t word;

	for (size_t at = 0; at < key->length; at += sizeof(word)) {
		size_t left = key->length - at;
		word = 0;
		memcpy(&word, key->data + at, left < sizeof(word) ? left : sizeof(word));
		state = (state ^ word) * HASH_FACTOR;
		state ^= state >> 32;
	}
	return state;
}

static void file_name(const struct text *key, char name[CACHE_NAME])
{
	snprintf(name, CACHE_NAME, "%016llx.bpf", (unsigned long long)hash(key));
}

/* Nobody but this user can have written it. */
static bool is_trusted(int fd, mode_t type)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type &&
	       status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int open_dir(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0 && !is_trusted(dir, S_IFDIR)) {
		close(dir);
		dir = -1;
	}
	return dir;
}

/* The rest of the file, whose header was read. */
static int read_body(int fd, const struct cache_header *header, const struct text *key,
		     struct seccomp_filter *out)
{
	size_t size = header->count * sizeof(struct sock_filter);
	char *saved = memory_zeroed(header->key_length + 1, 1);
	struct sock_filter *code = memory_zeroed(header->count, sizeof(*code));
	char more;
	struct iovec parts[] = {{saved, header->key_length}, {code, size}, {&more, 1}};

	if (readv(fd, parts, 3) != (ssize_t)(header->key_length + size) ||
	    memcmp(saved, key->data, key->length) != 0) {
		free(saved);
		free(code);
		return -1;
	}
	free(saved);
	*out = (struct seccomp_filter){code, header->count, header->flags, true};
	return 0;
}

int seccomp_cache_read(const char *path, const struct text *key, struct seccomp_filter *out)
{
	char name[CACHE_NAME];
	struct cache_header header;
	int dir = open_dir(path);
	int result = -1;

	if (dir < 0) {
		return -1;
	}
	file_name(key, name);
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(dir);
	if (fd < 0) {
		return -1;
	}
	if (is_trusted(fd, S_IFREG) && read(fd, &header, sizeof(header)) == sizeof(header) &&
	    header.magic == CACHE_MAGIC && header.library == LIBRARY_VERSION &&
	    header.key_length == key->length && header.count > 0 &&
	    header.count <= SECCOMP_PROGRAM_LIMIT) {
		result = read_body(fd, &header, key, out);
	}
	close(fd);
	return result;
}

void seccomp_cache_write(const char *path, const struct text *key,
			 const struct seccomp_filter *filter)
{
	char name[CACHE_NAME];
	char fresh[CACHE_NAME];
	struct cache_header header = {
		.magic = CACHE_MAGIC,
		.library = LIBRARY_VERSION,
		.flags = filter->flags,
		.key_length = (uint32_t)key->length,
		.count = (uint32_t)filter->count,
	};

	if (key->length > KEY_LIMIT || file_make_dirs(path, 0700) < 0) {
		return;
	}
	int dir = open_dir(path);
	if (dir < 0) {
		return;
	}
	file_name(key, name);
	/* Several may write the same at once. */
	snprintf(fresh, sizeof(fresh), ".%d", (int)getpid());
	unlinkat(dir, fresh, 0);
	int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) {
		bool is_whole = file_write_all(fd, &header, sizeof(header)) == 0 &&
				file_write_all(fd, key->data, key->length) == 0 &&
				file_write_all(fd, filter->code,
					       filter->count * sizeof(*filter->code)) == 0;
		if (close(fd) < 0 || !is_whole || renameat(dir, fresh, dir, name) < 0) {
			unlinkat(dir, fresh, 0);
		}
	}
	close(dir);
}
