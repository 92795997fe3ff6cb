// How ipvsadm refuses a command line: a line (or two) on standard error and an exit status.

/** `status` 2: an argument is wrong, and a restore ends there. 255: popt's errors, after which a restore goes on. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly status: 2 | 255 = 2,
    readonly endsRestore = true,
  ) {
    super(message);
    this.name = 'UsageError';
  }
}

export const tryHelp = (): UsageError => new UsageError("Try `ipvsadm -h' or 'ipvsadm --help' for more information.", 255);

/** popt's own complaint about a word. */
export const badWord = (word: string, reason: string): UsageError => new UsageError(`${word}: ${reason}`, 255, false);
