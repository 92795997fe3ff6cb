// SPDX-License-Identifier: Apache-2.0
/* users ADDRESS PORT USERS PERIOD_MS: so many users of a web server, each with a request every PERIOD_MS. Every second user opens a connection
 * for each request, the others keep theirs. Prints a line when it is ready, and one for each line of its input about the requests that ended since
 * the line before: how many, how many failed, and what the median, 99 % and the slowest of the others took, in microseconds. It ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { USERS_MAX = 8192, SAMPLES_MAX = 1 << 21, ANSWER_MAX = 1024, TIMEOUT_US = 15000000, EVENTS_MAX = 256, REPORTED_MAX = 10 };
enum state { WAITING, CONNECTING, READING, CLOSING };

struct user {
	enum state state;
	int fd; /* -1: none */
	int kept;
	int64_t due, begun;
	unsigned got;
	char answer[ANSWER_MAX];
};

static struct user users[USERS_MAX];
static uint32_t samples[SAMPLES_MAX];
static unsigned long ended, failures;
static struct sockaddr_in place;
static int64_t period;
static int poller;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void drop_connection(struct user *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	u->state = WAITING;
}

static void failed(struct user *u, const char *what)
{
	static int reported;

	if (reported++ < REPORTED_MAX)
		fprintf(stderr, "user %d: %s after %lld us\n", (int)(u - users), what, (long long)(now() - u->begun));
	failures++;
	drop_connection(u);
}

static void watch(struct user *u, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = u - users };

	if (epoll_ctl(poller, operation, u->fd, &event) < 0)
		fail("epoll_ctl");
}

static void ask(struct user *u)
{
	const char *request = u->kept ? "GET / HTTP/1.1\r\nHost: bench\r\n\r\n" : "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
	ssize_t length = strlen(request);

	u->got = 0;
	u->state = READING;
	if (send(u->fd, request, length, MSG_NOSIGNAL) != length)
		failed(u, strerror(errno));
}

static void begin(struct user *u, int64_t t)
{
	u->begun = t;
	u->due += period;
	if (u->due < t)
		u->due = t + period;
	if (u->fd >= 0) {
		ask(u);
		return;
	}
	u->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0)
		fail("socket");
	setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	u->state = CONNECTING;
	if (connect(u->fd, (struct sockaddr *)&place, sizeof(place)) < 0 && errno != EINPROGRESS) {
		failed(u, strerror(errno));
		return;
	}
	watch(u, EPOLL_CTL_ADD, EPOLLOUT);
}

/* 1: the answer is complete; 0: not yet; -1: it is none of 200 */
static int complete(struct user *u)
{
	const char *body, *length;

	u->answer[u->got] = 0;
	body = strstr(u->answer, "\r\n\r\n");
	if (!body)
		return u->got < ANSWER_MAX - 1 ? 0 : -1;
	length = strstr(u->answer, "Content-Length: ");
	if (strncmp(u->answer, "HTTP/1.1 200", 12) || !length)
		return -1;
	return u->answer + u->got >= body + 4 + atoi(length + 16);
}

static void receive(struct user *u)
{
	ssize_t got = recv(u->fd, u->answer + u->got, ANSWER_MAX - 1 - u->got, 0);
	int done;

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		failed(u, got < 0 ? strerror(errno) : "closed before the answer");
		return;
	}
	u->got += got;
	done = complete(u);
	if (done < 0)
		failed(u, "another answer than 200");
	if (done <= 0)
		return;
	if (ended == SAMPLES_MAX)
		fail("too many requests in one line");
	samples[ended++] = now() - u->begun;
	u->state = u->kept ? WAITING : CLOSING;
}

static void handle(struct user *u)
{
	int error = 0;
	socklen_t size = sizeof(error);
	char rest[64];
	ssize_t got;

	switch (u->state) {
	case CONNECTING:
		if (getsockopt(u->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
			failed(u, strerror(error));
			return;
		}
		watch(u, EPOLL_CTL_MOD, EPOLLIN);
		ask(u);
		return;
	case READING:
		receive(u);
		return;
	case WAITING: /* of a kept connection, which the server must not close */
	case CLOSING: /* the server closes first, so that no port of ours stays taken */
		got = recv(u->fd, rest, sizeof(rest), 0);
		if (got < 0 && errno == EAGAIN)
			return;
		if (u->kept || got != 0)
			failed(u, got < 0 ? strerror(errno) : "a kept connection was closed");
		else
			drop_connection(u);
	}
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(void)
{
	qsort(samples, ended, sizeof(*samples), ascending);
	printf("%lu %lu %u %u %u\n", ended + failures, failures, ended ? samples[ended / 2] : 0, ended ? samples[ended * 99 / 100] : 0,
	       ended ? samples[ended - 1] : 0);
	fflush(stdout);
	ended = failures = 0;
}

/* Reports for each line; 0 at the end of the input. */
static int command(void)
{
	char text[64];
	ssize_t length = read(0, text, sizeof(text));

	for (ssize_t i = 0; i < length; i++)
		if (text[i] == '\n')
			report();
	return length > 0;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX], input = { .events = EPOLLIN, .data.u32 = USERS_MAX };
	int count;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &place.sin_addr) != 1)
		return 2;
	place.sin_family = AF_INET;
	place.sin_port = htons(atoi(argv[2]));
	count = atoi(argv[3]);
	period = atoi(argv[4]) * 1000LL;
	if (count < 1 || count > USERS_MAX || period < 1)
		return 2;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ USERS_MAX + 64, USERS_MAX + 64 });
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input) < 0)
		fail("epoll");
	for (int i = 0; i < count; i++)
		users[i] = (struct user){ .fd = -1, .kept = i % 2, .due = now() + period * i / count };
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int found = epoll_wait(poller, events, EVENTS_MAX, 1);
		int64_t t;

		for (int i = 0; i < found; i++) {
			if (events[i].data.u32 == USERS_MAX) {
				if (!command())
					return 0;
			} else if (users[events[i].data.u32].fd >= 0) {
				handle(&users[events[i].data.u32]);
			}
		}
		t = now();
		for (int i = 0; i < count; i++) {
			if (users[i].state == WAITING && t >= users[i].due)
				begin(&users[i], now());
			else if (users[i].state != WAITING && t - users[i].begun > TIMEOUT_US)
				failed(&users[i], "no end");
		}
	}
}
