// How weir's own commands end when something is wrong: one line on standard error, and a status that tells whose fault it is.
import { Unable } from '../host/unable.js';
import { isSystemError } from '../sys/errno.js';
import { UsageError } from './flags.js';
import type { Io } from './io.js';

const USAGE_STATUS = 2;
const FAILURE_STATUS = 1;

/** Text of any kind on one line. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, '; ');
}

/** Prints why a command waits for another one. */
export function reportWait(name: string, io: Io): (text: string) => void {
  return (text) => io.err(`${name}: ${text}\n`);
}

/** Runs a command's work; what it throws knowingly becomes one line. A mistake of ours is thrown on. */
export async function reported(name: string, io: Io, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`${name}: ${oneLine(error.message)}\n`);
      return USAGE_STATUS;
    }
    if (isSystemError(error)) {
      const denied = error.code === 'EPERM' || error.code === 'EACCES';
      io.err(`${name}: ${oneLine(error.message)}${denied ? ': run it as root (sudo)' : ''}\n`);
      return FAILURE_STATUS;
    }
    if (error instanceof Unable || (error instanceof Error && error.message.startsWith('weir: '))) {
      io.err(`${name}: ${oneLine(error.message.replace(/^weir: /, ''))}\n`);
      return FAILURE_STATUS;
    }
    throw error;
  }
}
