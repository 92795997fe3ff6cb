// Usage: stamp COMMAND...: runs the command in its place, and puts the time (CLOCK_REALTIME, microseconds) in front of each line of its
// standard error. The reader is a process of its own with precedence, so that the times are right on a busy machine.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void copy(int from)
{
	setpriority(PRIO_PROCESS, 0, -15);
	FILE *lines = fdopen(from, "r");
	char *line = NULL;
	size_t room = 0;
	while (lines != NULL && getline(&line, &room, lines) > 0) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		fprintf(stderr, "%lld %s", now.tv_sec * 1000000LL + now.tv_nsec / 1000, line);
	}
	_exit(0);
}

int main(int count, char **words)
{
	int ends[2];
	if (count < 2 || pipe(ends) != 0) return 1;
	pid_t child = fork();
	if (child < 0) return 1;
	// The reader is no child of the command, which may count its children.
	if (child == 0) {
		pid_t reader = fork();
		if (reader != 0) _exit(reader < 0);
		close(ends[1]);
		copy(ends[0]);
	}
	int status;
	if (waitpid(child, &status, 0) != child || status != 0) return 1;
	close(ends[0]);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	execvp(words[1], words + 1);
	return 127;
}
