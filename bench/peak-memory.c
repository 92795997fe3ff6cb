// SPDX-License-Identifier: Apache-2.0
/* peak-memory COMMAND ARGUMENT...: runs the command, reads all that it prints, and prints how many lines that were and the command's largest
 * resident memory in bytes, until its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static pid_t begin(char **command, int output[2])
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child > 0)
		return child;
	if (dup2(output[1], STDOUT_FILENO) < 0)
		fail("dup2");
	close(output[0]);
	close(output[1]);
	execvp(command[0], command);
	fail(command[0]);
	return -1;
}

static unsigned long count_lines(int fd)
{
	static char buffer[1 << 16];
	unsigned long lines = 0;
	ssize_t length;

	while ((length = read(fd, buffer, sizeof(buffer)))) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			fail("read");
		for (char *at = buffer; (at = memchr(at, '\n', buffer + length - at)); at++)
			lines++;
	}
	return lines;
}

int main(int argc, char **argv)
{
	int output[2], status;
	struct rusage usage;

	if (argc < 2)
		return 2;
	if (pipe(output) < 0)
		fail("pipe");
	pid_t child = begin(argv + 1, output);

	close(output[1]);
	unsigned long lines = count_lines(output[0]);

	if (wait4(child, &status, 0, &usage) < 0)
		fail("wait4");
	printf("%lu %lu\n", lines, (unsigned long)usage.ru_maxrss * 1024);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
