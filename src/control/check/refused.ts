// An attempt that this host refused: no socket for it, or none that is bound and connected as wanted.
import type { Attempt, Outcome } from './messages.js';

/** A system call that failed. `reason`: the system's text. */
export interface Refusal {
  readonly syscall: string;
  readonly code: string;
  readonly errno: number;
  readonly reason: string;
}

/** What is logged of it, in keepalived's words. */
export interface RefusedLines {
  /** There is no socket. */
  readonly socket: string;
  /** It could not be bound; absent: that is a failure of the server, as keepalived counts it. */
  readonly bind?: string;
}

export function refusedOutcome({ socket, bind }: RefusedLines, refusal: Refusal, target: Attempt['target']): Outcome {
  if (refusal.syscall === 'socket') return { kind: 'not-made', text: socket, cause: `No socket for a check: ${refusal.reason}` };
  if (bind !== undefined) return { kind: 'not-made', text: bind, cause: causeText(refusal, target) };
  const { syscall, errno, reason } = refusal;
  const cause = syscall === 'bind' ? `bind failed. errno: ${errno}, error: ${reason}` : `UDP ${syscall} error ${errno} - ${reason}`;
  return { kind: 'failure', text: NOT_SENT, reason, cause };
}

/** The text of a failure before anything was sent: keepalived has no line for it. */
export const NOT_SENT = 'unreachable';

function causeText({ syscall, code, errno, reason }: Refusal, { fwmark, bindInterface }: Attempt['target']): string {
  if (syscall === 'bind') return `Checker bind failed: ${reason}`;
  if (syscall === 'connect') return `socket connect error ${errno} - ${reason}`;
  // The mark comes first; it is never refused for want of a device.
  if (fwmark !== undefined && code !== 'ENODEV') return `Error setting fwmark ${fwmark} to socket: ${reason}`;
  return `Checker can't bind to device ${bindInterface ?? ''}: ${reason}`;
}
