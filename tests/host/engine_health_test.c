/* SPDX-License-Identifier: Apache-2.0 */
/* Links: guest/engine/health_state.c guest/common/utf8.c guest/engine/body_check.c guest/engine/create_config.c guest/engine/moment.c guest/common/timestamp.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "create_config.h"
#include "health_state.h"
#include "moment.h"
#include "tap.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define STARTED (1000 * MOMENT_SECOND)

static json *parse(const char *text)
{
	const char *error;

	return json_parse(text, strlen(text), &error);
}

/* A probe that began so many seconds after the start. */
static bool record(struct health_state *state, const struct health_config *config, int after,
		   int code)
{
	int64_t start = STARTED + after * MOMENT_SECOND;
	struct health_result result = {start, start + 1, code, NULL, 0};

	return health_record(state, config, STARTED, &result);
}

static void test_streak(void)
{
	struct health_config config;
	struct health_state state = {0};

	health_parse_config(NULL, &config);
	TAP_CHECK(!record(&state, &config, 1, 1));
	TAP_CHECK(!record(&state, &config, 2, -1));
	TAP_EQUAL(state.status, HEALTH_STARTING);
	TAP_CHECK(record(&state, &config, 3, 2));
	TAP_EQUAL(state.status, HEALTH_UNHEALTHY);
	TAP_CHECK(!record(&state, &config, 4, 1));
	TAP_EQUAL(state.streak, 4);
	TAP_CHECK(record(&state, &config, 5, 0));
	TAP_EQUAL(state.status, HEALTH_HEALTHY);
	TAP_EQUAL(state.streak, 0);
	TAP_CHECK(!record(&state, &config, 6, 1));
	TAP_CHECK(!record(&state, &config, 7, 0));
	TAP_EQUAL(state.count, HEALTH_LOG);
	TAP_EQUAL(state.log[0].code, 2);
	TAP_EQUAL(state.log[4].start, STARTED + 7 * MOMENT_SECOND);
	health_state_free(&state);
}

static void test_start_period(void)
{
	struct health_config config;
	struct health_state state = {0};
	json *check = parse("{\"StartPeriod\":10000000000,\"Retries\":1}");

	health_parse_config(check, &config);
	json_object_put(check);
	TAP_EQUAL(health_pause_after(&state, &config, STARTED, STARTED), 5 * MOMENT_SECOND);
	TAP_CHECK(!record(&state, &config, 9, 1));
	TAP_EQUAL(state.streak, 0);
	/* The first success ends it. */
	TAP_CHECK(record(&state, &config, 9, 0));
	TAP_EQUAL(health_pause_after(&state, &config, STARTED, STARTED), 30 * MOMENT_SECOND);
	TAP_CHECK(record(&state, &config, 9, 1));
	TAP_EQUAL(state.status, HEALTH_UNHEALTHY);
	health_state_free(&state);
	/* And so does its time. */
	state.status = HEALTH_STARTING;
	TAP_CHECK(record(&state, &config, 10, 1));
	TAP_EQUAL(state.status, HEALTH_UNHEALTHY);
	health_state_free(&state);
}

static void expect_command(const char *check, const char *shell, const char *wanted)
{
	json *object = parse(check);
	json *list = shell ? parse(shell) : NULL;
	json *command = health_command(object, list);

	TAP_TEXT(command ? json_text(command) : "none", wanted);
	json_object_put(command);
	json_object_put(list);
	json_object_put(object);
}

static void test_command(void)
{
	expect_command("{\"Test\":[\"CMD\",\"a\",\"b c\"]}", NULL, "[\"a\",\"b c\"]");
	expect_command("{\"Test\":[\"CMD-SHELL\",\"x y\"]}", NULL, "[\"/bin/sh\",\"-c\",\"x y\"]");
	expect_command("{\"Test\":[\"CMD-SHELL\",\"x\"]}", "[\"ash\",\"-e\"]",
		       "[\"ash\",\"-e\",\"x\"]");
	expect_command("{\"Test\":[\"NONE\"]}", NULL, "none");
	expect_command("{\"Test\":[]}", NULL, "none");
	expect_command("{\"Test\":[\"CMD\"]}", NULL, "none");
	expect_command("{\"Test\":[\"other\",\"x\"]}", NULL, "none");
	expect_command("{}", NULL, "none");
}

static void expect_check(const char *check, const char *part)
{
	json *object = parse(check);
	char *error = health_check_config(object);

	TAP_CHECK(object && (part ? error && strstr(error, part) : !error));
	free(error);
	json_object_put(object);
}

static void test_check(void)
{
	expect_check("{\"Test\":[\"NONE\"],\"Interval\":0,\"Timeout\":1000000}", NULL);
	expect_check("{\"Interval\":999999}", "Interval in Healthcheck cannot be less than 1ms");
	expect_check("{\"StartInterval\":-1}", "StartInterval");
	expect_check("{\"Retries\":-1}", "Retries");
	expect_check("{\"Retries\":\"3\"}", "wrong type");
	expect_check("{\"Test\":[1]}", "wrong type");
}

static void test_view(void)
{
	struct health_config config;
	struct health_state state = {0};
	const char bytes[] = "a\xc3\xa4\xff\xe2\x82";
	struct health_result result = {STARTED, STARTED, 0, text_copy(bytes), sizeof(bytes) - 1};

	health_parse_config(NULL, &config);
	health_record(&state, &config, STARTED, &result);
	json *view = health_state_view(&state);
	json *entry = json_object_array_get_idx(json_get(view, "Log"), 0);
	TAP_TEXT(json_get_string(view, "Status", ""), "healthy");
	TAP_TEXT(json_get_string(entry, "Start", ""), "1970-01-01T00:16:40.000000000Z");
	TAP_TEXT(json_get_string(entry, "Output", ""),
		 "a\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_object_put(view);
	health_state_free(&state);
}

static void test_merge(void)
{
	json *image = parse("{\"Shell\":[\"ash\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"],"
			    "\"Interval\":7000000000,\"Retries\":9}}");
	json *body = parse("{\"Healthcheck\":{\"Test\":[],\"Interval\":0,\"Retries\":2}}");
	json *config = create_config(body, image, "0123456789ab");

	TAP_TEXT(json_text(json_get(json_get(config, "Healthcheck"), "Test")), "[\"CMD\",\"a\"]");
	TAP_EQUAL(json_get_int(json_get(config, "Healthcheck"), "Interval", 0), 7 * MOMENT_SECOND);
	TAP_EQUAL(json_get_int(json_get(config, "Healthcheck"), "Retries", 0), 2);
	TAP_TEXT(json_text(json_get(config, "Shell")), "[\"ash\"]");
	json_object_put(config);
	json_object_put(body);
	json_object_put(image);
}

static const struct tap_case cases[] = {
	{"a streak of failures", test_streak}, {"the start period", test_start_period},
	{"the command", test_command},         {"what is refused", test_check},
	{"what inspect shows", test_view},     {"the image's part", test_merge},
};
TAP_MAIN(cases)
