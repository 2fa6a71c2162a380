/* SPDX-License-Identifier: Apache-2.0 */
/* Commands' connections. */
#include "relay.h"

#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KILL_PATIENCE 5.0 /* seconds: an agent that lives has then answered */

static void drop(struct relay_client *client)
{
	close(client->socket);
	*client = (struct relay_client){.socket = -1};
}

void relay_accept(struct relay *relay)
{
	int socket = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);

	for (uint32_t i = 0; socket >= 0 && i < RELAY_CLIENTS; i++) {
		if (relay->clients[i].socket < 0) {
			relay->clients[i] = (struct relay_client){.socket = socket};
			return;
		}
	}
	file_close(socket);
}

void relay_tell(struct relay *relay, uint16_t session, enum control_op op, uint32_t status,
		const char *text)
{
	struct control message = {.op = op, .a = status};

	snprintf(message.text, sizeof(message.text), "%s", text);
	for (uint32_t i = 0; i < RELAY_CLIENTS; i++) {
		struct relay_client *client = &relay->clients[i];
		bool is_starting = client->is_starting && session == FRAME_MAIN;

		if (client->socket >= 0 &&
		    (is_starting || (client->session == session && session != 0))) {
			(void)control_send(client->socket, &message, NULL, 0);
			client->is_starting = false;
		}
	}
}

void relay_begin(struct relay *relay)
{
	if (relay->is_ready && relay->is_asked && !relay->is_gone) {
		relay->is_gone = true;
		relay_send(relay, FRAME_MAIN, FRAME_GO, NULL, 0);
	}
}

void relay_signal(struct relay *relay, uint16_t session, uint32_t number)
{
	struct relay_session *main_session = relay_session_find(relay, FRAME_MAIN);

	if (session == FRAME_MAIN && number == SIGKILL) {
		relay->kill_at = bh_seconds() + KILL_PATIENCE;
		if (main_session == NULL || main_session->phase != RELAY_RUNNING) {
			relay->kill_at = bh_seconds(); /* nothing in there has anything to lose */
		}
	}
	relay_send(relay, session, FRAME_SIGNAL, &number, sizeof(number));
}

void relay_resize(struct relay *relay, uint16_t session, uint32_t rows, uint32_t columns)
{
	uint32_t size[2] = {rows, columns};

	relay_send(relay, session, FRAME_RESIZE, size, sizeof(size));
}

static uint16_t fresh_id(struct relay *relay)
{
	static uint16_t last = FRAME_MAIN;

	do {
		last = last == UINT16_MAX ? FRAME_MAIN + 1 : (uint16_t)(last + 1);
	} while (relay_session_find(relay, last) != NULL);
	return last;
}

/* Takes the descriptors. */
static void execute(struct relay *relay, struct relay_client *client, const struct control *message,
		    int *fds, int count)
{
	struct control refused = {.op = CONTROL_FAILED, .a = 126};
	struct relay_session *session = NULL;
	struct text spec = {.data = NULL};
	const char *why = "bad request";

	if (count == CONTROL_FDS && client->session == 0) {
		why = !relay->is_gone ? "the container does not run; `start` it first"
		      : file_read_fd(fds[0], &spec, FRAME_SPEC_MAX) < 0
			      ? "its process is too long to tell"
			      : NULL;
	}
	if (why == NULL) {
		session = relay_session_open(relay, fresh_id(relay), fds + 1, message->a != 0);
		why = session == NULL ? "there are 64 processes already; let one end" : NULL;
	}
	if (why != NULL) {
		snprintf(refused.text, sizeof(refused.text), "%s", why);
		(void)control_send(client->socket, &refused, NULL, 0);
		for (int i = 1; i < count; i++) {
			close(fds[i]);
		}
	} else {
		client->session = session->id;
		relay_send_spec(relay, session->id, spec.data, spec.length, FRAME_RUN);
		relay_send(relay, session->id, FRAME_GO, NULL, 0);
	}
	if (count > 0) {
		close(fds[0]);
	}
	text_free(&spec);
}

static void do_message(struct relay *relay, struct relay_client *client,
		       const struct control *message)
{
	uint16_t session = client->session != 0 ? client->session : FRAME_MAIN;
	struct control answer = {.op = CONTROL_DONE};

	switch (message->op) {
	case CONTROL_START:
		if (relay->is_asked) {
			answer = (struct control){
				.op = CONTROL_FAILED, .a = 1, .text = "it is started already"};
			break;
		}
		relay->is_asked = true;
		client->is_starting = true;
		relay_begin(relay);
		return;
	case CONTROL_SIGNAL:
		relay_signal(relay, session, message->a);
		break;
	case CONTROL_RESIZE:
		relay_resize(relay, session, message->a, message->b);
		break;
	default:
		answer = (struct control){.op = CONTROL_FAILED, .a = 1, .text = "no such request"};
		break;
	}
	if (client->session == 0) {
		(void)control_send(client->socket, &answer, NULL, 0);
	}
}

void relay_hear(struct relay *relay, struct relay_client *client)
{
	struct control message;
	int fds[CONTROL_FDS];
	int count = control_receive(client->socket, &message, fds, MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (count < 0) {
		if (client->session !=
		    0) { /* whoever waited is gone: so goes what it had started */
			relay_signal(relay, client->session, SIGKILL);
		}
		drop(client);
	} else if (message.op == CONTROL_EXEC) {
		execute(relay, client, &message, fds, count);
	} else {
		do_message(relay, client, &message);
		while (count > 0) {
			close(fds[--count]);
		}
	}
}
