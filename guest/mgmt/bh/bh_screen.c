/* SPDX-License-Identifier: Apache-2.0 */
/* A whole screen that is drawn again and again, and left as it was found. */
#include "bh_screen.h"
#include "bh_signal.h"

#include "bits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* xterm's control sequences, which every terminal of today takes. */
#define ENTER    "\033[?1049h\033[?25l\033[H\033[2J" /* other screen, no cursor, empty */
#define LEAVE    "\r\n\033[?25h\033[?1049l"          /* a new line, for who records it */
#define HOME     "\033[H"
#define END_LINE "\033[K"
#define END_PAGE "\033[J"
#define BOLD     "\033[1m"
#define PLAIN    "\033[0m"
#define COLUMNS  80u /* where the terminal does not know */
#define ROWS     24u
#define KEY_ETX  0x03

static const int noted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
static struct sigaction saved[ARRAY_COUNT(noted)];
static struct sigaction saved_stop;

void screen_open(struct screen *screen, FILE *out, int input)
{
	struct sigaction on_stop = {.sa_handler = SIG_IGN}; /* it would keep the screen */
	struct termios keys;

	*screen = (struct screen){.out = out, .input = input};
	signal_note(noted, ARRAY_COUNT(noted), saved);
	sigaction(SIGTSTP, &on_stop, &saved_stop);
	screen->has_keys = tcgetattr(input, &screen->before) == 0;
	if (screen->has_keys) {
		keys = screen->before;
		keys.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
		keys.c_cc[VMIN] = 1;
		keys.c_cc[VTIME] = 0;
		tcsetattr(input, TCSANOW, &keys);
	}
	fputs(ENTER, out);
	fflush(out);
}

void screen_close(struct screen *screen)
{
	fputs(LEAVE, screen->out);
	fflush(screen->out);
	if (screen->has_keys) {
		tcsetattr(screen->input, TCSAFLUSH, &screen->before);
	}
	for (size_t i = 0; i < ARRAY_COUNT(noted); i++) {
		sigaction(noted[i], &saved[i], NULL);
	}
	sigaction(SIGTSTP, &saved_stop, NULL);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A key was typed, or the terminal is gone. */
static bool is_last_key(struct screen *screen)
{
	char key = 0;
	ssize_t size = read(screen->input, &key, 1);

	return size == 0 || (size < 0 && errno != EINTR) || key == 'q' || key == 'Q' ||
	       key == KEY_ETX;
}

enum screen_event screen_wait(struct screen *screen, double seconds)
{
	double until = now() + seconds;
	sigset_t before;
	sigset_t blocked;
	enum screen_event event = SCREEN_TIME;

	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_COUNT(noted); i++) {
		sigaddset(&blocked, noted[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked,
		    &before); /* a signal ends ppoll(), never comes before it */
	for (double left = seconds; left > 0; left = until - now()) {
		struct pollfd keys = {.fd = screen->has_keys ? screen->input : -1,
				      .events = POLLIN};
		struct timespec time = {.tv_sec = (time_t)left};

		time.tv_nsec = (long)((left - (double)time.tv_sec) * 1e9);
		if (signal_ended == 0 && signal_resized == 0 &&
		    ppoll(&keys, 1, &time, &before) > 0 && is_last_key(screen)) {
			signal_ended = SIGINT;
		}
		if (signal_ended != 0 || signal_resized != 0) {
			break;
		}
	}
	if (signal_ended != 0) {
		event = SCREEN_END;
	} else if (signal_resized != 0) {
		signal_resized = 0;
		event = SCREEN_RESIZED;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return event;
}

void screen_draw(struct screen *screen, const char *text, unsigned int bold, bool has_colours)
{
	struct winsize is = {0};

	if (ioctl(fileno(screen->out), TIOCGWINSZ, &is) != 0 || is.ws_col == 0 || is.ws_row == 0) {
		is.ws_col = COLUMNS;
		is.ws_row = ROWS;
	}
	fputs(HOME, screen->out);
	for (unsigned int row = 0; row < is.ws_row && *text != '\0'; row++) {
		size_t length = strcspn(text, "\n");
		size_t shown = length < is.ws_col ? length : is.ws_col;
		bool is_bold = row == bold && has_colours;

		fputs(row > 0 ? "\r\n" : "", screen->out);
		fputs(is_bold ? BOLD : "", screen->out);
		fwrite(text, 1, shown, screen->out);
		fputs(is_bold ? PLAIN : "", screen->out);
		fputs(shown < is.ws_col ? END_LINE : "", screen->out);
		text += length + (text[length] == '\n' ? 1 : 0);
	}
	fputs(END_PAGE, screen->out);
	fflush(screen->out);
}
