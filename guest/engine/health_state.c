/* SPDX-License-Identifier: Apache-2.0 */
#include "health_state.h"
#include "body_check.h"
#include "create_config.h"
#include "moment.h"
#include "text.h"
#include "utf8.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIME           (30 * MOMENT_SECOND)
#define DEFAULT_START_INTERVAL (5 * MOMENT_SECOND)
#define DEFAULT_RETRIES        3
#define SHORTEST               INT64_C(1000000) /* ns, of a time that is given */

char *health_check_config(json *healthcheck)
{
	static const struct body_key types[] = {
		{"Test", 'a'},        {"Interval", 'i'},      {"Timeout", 'i'},
		{"StartPeriod", 'i'}, {"StartInterval", 'i'}, {"Retries", 'i'},
	};
	static const char *const times[] = {"Interval", "Timeout", "StartPeriod", "StartInterval"};
	char *error = body_check_types(healthcheck, types, sizeof(types) / sizeof(types[0]),
				       "Healthcheck.");

	for (size_t i = 0; !error && i < 4; i++) {
		int64_t time = json_get_int(healthcheck, times[i], 0);
		if (time && time < SHORTEST) {
			error = text_format("%s in Healthcheck cannot be less than 1ms", times[i]);
		}
	}
	if (!error && json_get_int(healthcheck, "Retries", 0) < 0) {
		error = text_copy("Retries in Healthcheck cannot be negative");
	}
	return error;
}

json *health_command(json *healthcheck, json *shell)
{
	json *test = json_get_array(healthcheck, "Test");
	const char *kind = json_string_at(test, 0);
	bool is_shell = kind && !strcmp(kind, "CMD-SHELL");

	if (!kind || json_count(test) < 2 || (!is_shell && strcmp(kind, "CMD") != 0)) {
		return NULL;
	}
	json *command = json_object_new_array();
	if (is_shell) {
		shell_append(command, shell);
		json_append_string(command, json_string_at(test, 1));
	}
	for (size_t i = 1; !is_shell && i < json_count(test); i++) {
		json_append_string(command, json_string_at(test, i));
	}
	return command;
}

static int64_t positive(json *object, const char *key, int64_t fallback)
{
	int64_t value = json_get_int(object, key, 0);

	return value > 0 ? value : fallback;
}

void health_parse_config(json *healthcheck, struct health_config *config)
{
	int64_t retries = positive(healthcheck, "Retries", DEFAULT_RETRIES);

	config->interval = positive(healthcheck, "Interval", DEFAULT_TIME);
	config->timeout = positive(healthcheck, "Timeout", DEFAULT_TIME);
	config->start_period = positive(healthcheck, "StartPeriod", 0);
	config->start_interval = positive(healthcheck, "StartInterval", DEFAULT_START_INTERVAL);
	config->retries = retries < INT_MAX ? (int)retries : INT_MAX;
}

static void keep(struct health_state *state, struct health_result *result)
{
	if (state->count == HEALTH_LOG) {
		free(state->log[0].output);
		memmove(&state->log[0], &state->log[1], (HEALTH_LOG - 1) * sizeof(state->log[0]));
		state->count--;
	}
	state->log[state->count++] = *result;
	result->output = NULL;
}

static bool is_in_start_period(const struct health_state *state, const struct health_config *config,
			       int64_t started, int64_t moment)
{
	return state->status == HEALTH_STARTING && moment - started < config->start_period;
}

bool health_record(struct health_state *state, const struct health_config *config, int64_t started,
		   struct health_result *result)
{
	enum health_status before = state->status;

	if (result->code == 0) {
		state->streak = 0;
		state->status = HEALTH_HEALTHY;
	} else if (!is_in_start_period(state, config, started, result->start)) {
		state->streak += state->streak < INT_MAX;
		if (state->streak >= config->retries) {
			state->status = HEALTH_UNHEALTHY;
		}
	}
	keep(state, result);
	return state->status != before;
}

int64_t health_pause_after(const struct health_state *state, const struct health_config *config,
			   int64_t started, int64_t now)
{
	return is_in_start_period(state, config, started, now) ? config->start_interval
							       : config->interval;
}

const char *health_word(enum health_status status)
{
	static const char *const words[] = {"starting", "healthy", "unhealthy"};

	return words[status];
}

static json *output_view(const struct health_result *result)
{
	struct text text = {0};

	text_puts(&text, "");
	utf8_add(&text, result->output ? result->output : "", result->length);
	json *value = json_object_new_string_len(text.data, (int)text.length);
	text_free(&text);
	return value;
}

json *health_state_view(const struct health_state *state)
{
	json *view = json_object_new_object();
	json *log = json_object_new_array();

	for (size_t i = 0; i < state->count; i++) {
		const struct health_result *result = &state->log[i];
		json *entry = json_object_new_object();
		json_set(entry, "Start", moment_json(result->start));
		json_set(entry, "End", moment_json(result->end));
		json_set_int(entry, "ExitCode", result->code);
		json_set(entry, "Output", output_view(result));
		json_object_array_add(log, entry);
	}
	json_set_string(view, "Status", health_word(state->status));
	json_set_int(view, "FailingStreak", state->streak);
	json_set(view, "Log", log);
	return view;
}

void health_state_free(struct health_state *state)
{
	for (size_t i = 0; i < state->count; i++) {
		free(state->log[i].output);
	}
	state->count = 0;
}
