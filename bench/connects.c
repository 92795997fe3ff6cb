// SPDX-License-Identifier: Apache-2.0
/* connects ADDRESS ADDRESSES PORT PORTS A_SECOND SLICES SLICE_SECONDS: opens TCP connections to these places in turn, waits until they are
 * there, and closes them: what the kernel alone takes for a check. Wakes every 4 ms. Prints the CPU time of one by slice, in seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAKE_NS = 4000000, SECOND_NS = 1000000000, BATCH_MAX = 256, WAIT_MS = 1000 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double cpu(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static int begun(struct sockaddr_in to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		fail("connect");
	return fd;
}

static void end(struct pollfd *entry)
{
	int error = 0;
	socklen_t size = sizeof(error);

	while (!entry->revents)
		if (poll(entry, 1, WAIT_MS) <= 0)
			fail("poll");
	if (getsockopt(entry->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		errno = error ? error : errno;
		fail("connect");
	}
	close(entry->fd);
}

int main(int argc, char **argv)
{
	struct pollfd entries[BATCH_MAX];
	struct timespec wake;
	struct in_addr first;
	unsigned long place = 0;

	if (argc != 8 || inet_pton(AF_INET, argv[1], &first) != 1)
		return 2;
	int addresses = atoi(argv[2]), port = atoi(argv[3]), ports = atoi(argv[4]);
	int batch = atoi(argv[5]) / (SECOND_NS / WAKE_NS), slices = atoi(argv[6]);
	int wakes = atof(argv[7]) * (SECOND_NS / WAKE_NS);

	if (addresses < 1 || ports < 1 || batch < 1 || batch > BATCH_MAX)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &wake);
	for (int slice = 0; slice < slices; slice++) {
		double before = cpu();

		for (int turn = 0; turn < wakes; turn++) {
			for (int i = 0; i < batch; i++, place++) {
				struct sockaddr_in to = { .sin_family = AF_INET };

				to.sin_addr.s_addr = htonl(ntohl(first.s_addr) + place % addresses);
				to.sin_port = htons(port + place / addresses % ports);
				entries[i] = (struct pollfd){ begun(to), POLLOUT, 0 };
			}
			if (poll(entries, batch, 0) < 0)
				fail("poll");
			for (int i = 0; i < batch; i++)
				end(&entries[i]);
			wake.tv_nsec += WAKE_NS;
			wake.tv_sec += wake.tv_nsec / SECOND_NS;
			wake.tv_nsec %= SECOND_NS;
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
		}
		printf("%.9f\n", (cpu() - before) / ((double)wakes * batch));
	}
	return 0;
}
