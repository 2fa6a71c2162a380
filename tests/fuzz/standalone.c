/* SPDX-License-Identifier: Apache-2.0 */
/* In libFuzzer's place where there is none: mutates the seed files, the same way every time. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <time.h>

#define SIZE_MAX_INPUT 4096u
#define SEED_MAX       64u

struct seed {
	uint8_t bytes[SIZE_MAX_INPUT];
	size_t size;
};

static struct seed seeds[SEED_MAX];
static unsigned int seed_count;
static uint64_t state = 1;

/* Knuth's MMIX generator; the upper half is random enough. */
static uint32_t next_random(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 32);
}

static void load_seeds(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (stream != NULL && seed_count < SEED_MAX && (entry = readdir(stream)) != NULL) {
		FILE *file;

		if (entry->d_name[0] == '.') {
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		if (file != NULL) {
			seeds[seed_count].size =
				fread(seeds[seed_count].bytes, 1, SIZE_MAX_INPUT, file);
			seed_count++;
			fclose(file);
		}
	}
	if (stream != NULL) {
		closedir(stream);
	}
}

static void mutate(struct seed *input)
{
	static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, '\n', ' ', '='};
	uint32_t count = 1 + next_random() % 6;

	for (uint32_t i = 0; i < count && input->size > 0; i++) {
		size_t at = next_random() % input->size;

		switch (next_random() % 5) {
		case 0:
			input->bytes[at] = (uint8_t)next_random();
			break;
		case 1:
			input->bytes[at] = edges[next_random() % sizeof(edges)];
			break;
		case 2:
			input->bytes[at] ^= (uint8_t)(1u << next_random() % 8);
			break;
		case 3:
			memset(input->bytes + at, 0xff,
			       input->size - at < 8 ? input->size - at : 8);
			break;
		default:
			input->size = at;
			break;
		}
	}
}

/* From an exact copy on the heap, so that the sanitizer sees a read beyond the end. */
static void run(const struct seed *input)
{
	uint8_t *copy = malloc(input->size > 0 ? input->size : 1);

	memcpy(copy, input->bytes, input->size);
	LLVMFuzzerTestOneInput(copy, input->size);
	free(copy);
}

/* program SECONDS FOLDER */
int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	static struct seed input;
	unsigned long runs = 0;

	load_seeds(argc > 2 ? argv[2] : ".");
	for (unsigned int i = 0; i < seed_count; i++) {
		run(&seeds[i]);
	}
	while (seed_count > 0 && time(NULL) < end) {
		for (int i = 0; i < 1000; i++, runs++) {
			input = seeds[next_random() % seed_count];
			mutate(&input);
			run(&input);
		}
	}
	printf("Done %lu runs\n", runs);
	return seed_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
