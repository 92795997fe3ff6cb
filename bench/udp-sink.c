// SPDX-License-Identifier: Apache-2.0
/* udp-sink PORT SECONDS: counts the datagrams that arrive, prints their number. Prints `ready` once it listens. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, BYTES = 128 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	static char bytes[BATCH][BYTES];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct timeval patience = { 0, 100000 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 1 << 23, i;
	unsigned long got = 0;
	double end;

	if (argc != 3)
		return 2;
	at.sin_port = htons(atoi(argv[1]));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror("udp-sink");
		return 1;
	}
	for (i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ bytes[i], BYTES };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	puts("ready");
	fflush(stdout);
	for (end = now() + atof(argv[2]); now() < end;) {
		int done = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, 0);

		if (done > 0)
			got += done;
	}
	printf("%lu\n", got);
	return 0;
}
