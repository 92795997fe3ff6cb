// How weir's own commands end when something is wrong: one line on standard error, and an exit status that distinguishes usage errors from failures.
import { isWeirError } from '../model/errors/weir-error.js';
import { isSystemError, unlessCode } from '../sys/errno.js';
import { lackedCapabilities } from '../sys/processes/own-capabilities.js';
import type { Io } from './io.js';

const FAILURE_STATUS = 1;

/** Text of any kind on one line. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, '; ');
}

/** Prints why a command waits for another one, or what it goes on without: once. */
export function reportWait(name: string, io: Io): (text: string) => void {
  const printed = new Set<string>();
  return (text) => {
    if (printed.has(text)) return;
    printed.add(text);
    io.err(`${name}: ${oneLine(text)}\n`);
  };
}

/** Of a refusal by the kernel: root itself is refused where it lacks capabilities, or by a filter of its calls. */
function remedy(): string {
  if (process.getuid?.() !== 0) return 'run it as root (sudo)';
  const lacked = unlessCode(() => lackedCapabilities(['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_PERFMON']), ['ENOENT'], []);
  const lack = lacked.length === 0 ? '' : `this process lacks ${lacked.join(', ')}, or `;
  return `${lack}a filter of system calls forbids it (docs/container.md)`;
}

/**
 * Runs a command's work; known errors become one line, or the usage where words are missing. A bug's error is thrown on.
 * `status`: of every failure; absent: the error's own.
 */
export async function reported(name: string, io: Io, work: () => Promise<number>, status?: number): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (isWeirError(error, 'usage')) {
      io.err(`${error.message.trimEnd()}\n`);
      return status ?? error.exitStatus;
    }
    if (isWeirError(error)) {
      io.err(`${name}: ${oneLine(error.message)}\n`);
      return status ?? error.exitStatus;
    }
    if (isSystemError(error)) {
      const denied = error.code === 'EPERM' || error.code === 'EACCES';
      io.err(`${name}: ${oneLine(error.message)}${denied ? `: ${remedy()}` : ''}\n`);
      return status ?? FAILURE_STATUS;
    }
    throw error;
  }
}
