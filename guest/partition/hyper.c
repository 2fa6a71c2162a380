/* SPDX-License-Identifier: Apache-2.0 */
#include "hyper.h"

#include "bh_words.h"
#include "names.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE    60.0 /* seconds: to zero RAM, to stop */
#define LAST_OUTPUT 4096u

bool hyper_open(struct hyper *hyper)
{
	const char *why = "";

	if (bh_device_is_open(&hyper->bh.device) || bh_device_open(&hyper->bh.device, NULL, &why)) {
		return true;
	}
	bh_fail(&hyper->bh, BH_NO_DEVICE, "no management device: %s", why);
	return false;
}

bool hyper_start(struct hyper *hyper)
{
	uint32_t status;

	hyper->tsc[STAGE_ORDERED] = bh_tsc();
	status = bh_order(&hyper->bh.device, MANAGE_START, hyper->partition.id);
	return status == MANAGE_OK ||
	       bh_refused(&hyper->bh, "start", hyper->partition.is.config.name, status) == BH_OK;
}

bool hyper_find(struct hyper *hyper, uint32_t id, const char *name)
{
	hyper->partition.id = id;
	hyper->is_made = bh_look(&hyper->bh, &hyper->partition) &&
			 strcmp(hyper->partition.is.config.name, name) == 0 &&
			 hyper->partition.is.is_created != 0;
	return hyper->is_made;
}

uint64_t hyper_count_exits(struct hyper *hyper)
{
	uint64_t exits = 0;

	for (uint32_t i = 0; i < hyper->partition.is.vcpu_count; i++) {
		struct manage_vcpu vcpu = {.cpu = 0};
		struct bh_call call = {.opcode = MANAGE_VCPU,
				       .id = hyper->partition.id,
				       .argument = i,
				       .receive = &vcpu,
				       .receive_size = sizeof(vcpu)};

		for (uint32_t reason = 0;
		     bh_call(&hyper->bh.device, &call) == MANAGE_OK && reason < EXIT_COUNT_REASONS;
		     reason++) {
			exits += vcpu.exits[reason];
		}
	}
	return exits;
}

bool hyper_has_stopped(struct hyper *hyper)
{
	return bh_event_tsc(&hyper->bh, hyper->first_event, MANAGE_EVENT_STOPPED,
			    hyper->partition.id) != 0;
}

void hyper_end(struct hyper *hyper)
{
	struct bh_partition *partition = &hyper->partition;

	if (!hyper->is_made || !bh_look(&hyper->bh, partition)) {
		return;
	}
	if (partition->is.state == MANAGE_PAUSED) {
		(void)bh_order(&hyper->bh.device, MANAGE_RESUME, partition->id);
	}
	hyper->exits = hyper_count_exits(hyper);
	(void)bh_order(&hyper->bh.device, MANAGE_STOP, partition->id);
	(void)bh_wait_state(&hyper->bh, partition, MANAGE_STOPPED, PATIENCE);
	if (bh_order(&hyper->bh.device, MANAGE_DESTROY, partition->id) == MANAGE_OK) {
		(void)bh_wait_gone(&hyper->bh, partition, PATIENCE);
		hyper->is_made = false;
	}
}

char *hyper_last_words(struct hyper *hyper)
{
	char output[LAST_OUTPUT + 1];
	struct bh_call call = {.opcode = MANAGE_CONSOLE_READ,
			       .id = hyper->partition.id,
			       .receive = output,
			       .receive_size = LAST_OUTPUT};
	const char *cause;
	char *line = NULL;
	char *kept = NULL;
	uint32_t total = 0;

	(void)bh_look(&hyper->bh, &hyper->partition);
	cause = words_cause(hyper->partition.is.cause);
	while (total++ < 64 && bh_call(&hyper->bh.device, &call) == MANAGE_OK && call.used > 0) {
		call.argument = call.result;
		output[call.used] = '\0';
		for (line = strtok(output, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
			if (strstr(line, "panic") != NULL || kept == NULL ||
			    strstr(kept, "panic") == NULL) {
				free(kept);
				kept = text_format("%.160s", line);
			}
		}
	}
	line = text_format("%s%s%s", cause, kept != NULL ? "; its last words: " : "",
			   kept != NULL ? kept : "");
	free(kept);
	for (char *at = line; *at != '\0'; at++) {
		*at = *at < ' ' ? ' ' : *at; /* it wrote them */
	}
	return line;
}

void hyper_cpus(const struct hyper *hyper, char text[64])
{
	words_cpus(text, 64, hyper->partition.is.config.cpus);
}
