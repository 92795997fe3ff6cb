// SPDX-License-Identifier: Apache-2.0
/* udp-source ADDRESS PORT SECONDS SIZE SOCKETS: floods datagrams from that many sockets in turn, prints how many were sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, MOST_SOCKETS = 512, MOST_BYTES = 65507 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int connected(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("udp-source");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static char payload[MOST_BYTES];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec part = { payload, 0 };
	int fds[MOST_SOCKETS], sockets, turn = 0, i;
	unsigned long sent = 0;
	double end;

	if (argc != 6 || (sockets = atoi(argv[5])) < 1 || sockets > MOST_SOCKETS || atoi(argv[4]) > MOST_BYTES)
		return 2;
	part.iov_len = atoi(argv[4]);
	for (i = 0; i < sockets; i++)
		fds[i] = connected(argv[1], atoi(argv[2]));
	for (i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (end = now() + atof(argv[3]); now() < end; turn = (turn + 1) % sockets) {
		int done = sendmmsg(fds[turn], messages, BATCH, 0);

		if (done > 0)
			sent += done;
		else if (errno != ECONNREFUSED && errno != EAGAIN && errno != ENOBUFS) {
			perror("udp-source");
			return 1;
		}
	}
	printf("%lu\n", sent);
	return 0;
}
