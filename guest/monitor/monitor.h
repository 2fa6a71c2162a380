/* SPDX-License-Identifier: Apache-2.0 */
/* State of the one monitor that a process is, shared by its parts; each member names its part. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/ioctl.h>
#include "client_queue.h"
#include "log_file.h"
#include "monitor_options.h"
#include "timestamp.h"

/* What an event is about; the number of the slot is beside it. */
enum monitor_source {
	SOURCE_SIGNAL,
	SOURCE_SOCKET,
	SOURCE_CONNECTION,
	SOURCE_CLIENT,
	SOURCE_STDIN,
	SOURCE_STREAM,
	SOURCE_CONSOLE,
	SOURCE_RUNTIME_ERROR,
	SOURCE_PROCESS,
};

/* A descriptor in the epoll set; monitor_watch() keeps it. */
struct watch {
	int fd;        /* -1: none */
	uint32_t have; /* events that are watched for; 0: not in the set */
	enum monitor_source source;
	uint32_t slot;
};

/* Output of the process; a terminal is stream 0 alone. (streams.c) */
#define STREAM_COUNT 2
struct stream {
	struct watch watch;
	struct log_line line;
	bool is_edge; /* terminal that nobody has open: only news wake */
};

/* (clients.c) */
struct client {
	struct watch watch;
	struct attach_options options;
	struct client_queue queue; /* output that waits for the client */
	bool is_input_ended;
	bool is_output_dead;
	bool is_finishing; /* gets what is queued, then the end */
	bool is_shut;      /* has got the end; only its own is waited for */
	bool is_stalled;   /* has held output back for too long */
	bool is_detached;
	int64_t progress_ms; /* when it last took something, or its queue began */
	int64_t end_at_ms;   /* 0, or when it is finished or closed */
};

/* (server.c) */
#define CONNECTIONS_MAX 64
enum connection_state {
	CONNECTION_IDLE,
	CONNECTION_WAITS_START,
	CONNECTION_WAITS_EXIT,
};
struct connection {
	struct watch watch;
	enum connection_state state;
};

/*
 *   CREATING --runtime_ended--> CREATED --runtime_start--> STARTING --runtime_ended--> RUNNING
 *   CREATING --runtime_ended--> FAILED    (an exec session goes from CREATING to RUNNING)
 *   CREATED, STARTING, RUNNING --ending_process_ended--> EXITED
 */
enum phase {
	PHASE_CREATING,
	PHASE_CREATED,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_EXITED,
	PHASE_FAILED,
};

struct monitor {
	struct monitor_options options;
	enum phase phase;
	int epoll;
	int run_dir;   /* of this container or session */
	int report_fd; /* -1 once reported */
	struct watch signals;

	/* runtime_call.c */
	pid_t runtime_pid; /* 0: none runs */
	struct watch runtime_error;
	struct text runtime_words; /* what it said on its error output */
	pid_t init_pid;            /* the container's process; 0: not known */
	struct watch init;         /* a pidfd, when it is no child of ours */
	char started[TIMESTAMP_SIZE];

	/* streams.c, stdin.c, console.c */
	struct stream streams[STREAM_COUNT];
	bool is_held;            /* output waits for a client */
	struct text early_error; /* error output until it is known whose it is */
	bool is_early_error;     /* it is not known yet */
	struct watch input;
	struct client_queue input_queue;
	bool is_input_open;
	bool is_input_ending; /* closed when the queue is empty */
	struct watch console;
	bool is_console_accepted;
	struct winsize console_size;
	bool has_console_size;
	struct log_file log;

	/* clients.c, server.c */
	struct client clients[MONITOR_CLIENTS_MAX];
	struct watch socket;
	struct connection connections[CONNECTIONS_MAX];

	/* ending.c */
	int code;
	int signal;
	char finished[TIMESTAMP_SIZE];
	char *error; /* why it did not start or how it ended is not known; NULL */
	int64_t exited_ms;
	int64_t last_output_ms;
	bool is_ended; /* exit.json is written, or there is none */
};

/* Watches for these events (EPOLLIN ...); 0 takes it out of the set. (monitor_loop.c) */
void monitor_watch(struct monitor *monitor, struct watch *watch, uint32_t events);
/* Takes it out and closes the descriptor. */
void monitor_unwatch(struct monitor *monitor, struct watch *watch);
/* Runs until the container has ended and all is told. */
void monitor_loop(struct monitor *monitor);
