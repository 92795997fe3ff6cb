// The log lines about a child's end, as keepalived has them. Pure but for the system's names of signals.
import { constants } from 'node:os';
import type { ChildEnd } from './child-process.js';

/** strsignal(3)'s words for what ends processes. */
const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGUSR1: 'User defined signal 1',
  SIGUSR2: 'User defined signal 2',
  SIGPIPE: 'Broken pipe',
  SIGALRM: 'Alarm clock',
  SIGTERM: 'Terminated',
  SIGXCPU: 'CPU time limit exceeded',
};

export const PERMANENT_ERRORS: Readonly<Record<number, string>> = { 1: 'FATAL', 2: 'CONFIG', 4: 'missing permission' };

/** Whether starting it again would end the same way. */
export function isPermanent(status: ChildEnd['status']): status is number {
  return typeof status === 'number' && Object.hasOwn(PERMANENT_ERRORS, status);
}

/** The line about a signal or a status; none for an end by TERM that the child carried out itself. */
export function endText({ pid, status }: ChildEnd): string | undefined {
  if (status === 0 || isPermanent(status)) return undefined;
  if (typeof status === 'number') return `pid ${pid} exited with status ${status}`;
  if (status === 'SIGSEGV') return `pid ${pid} exited due to segmentation fault (SIGSEGV).`;
  const limit = status === 'SIGKILL' || status === 'SIGXCPU' ? ' - has rlimit_rttime been exceeded?' : '';
  return `pid ${pid} exited due to signal ${constants.signals[status]} (${SIGNAL_WORDS[status] ?? status})${limit}`;
}
