// One attempt of a check as a conversation: what happens on its socket goes in, what is sent and how it ended comes out. Pure.
import type { CheckKind } from '../../model/keepalived/virtual-server.js';
import type { Attempt, Outcome } from './messages.js';
import type { RefusedLines } from './refused.js';

export type ProbeInput =
  /** The connection is there (TLS: and its handshake is over; `warning`: about its certificate). */
  | { readonly kind: 'connected'; readonly warning?: string }
  /** TLS: the server's certificate is not as demanded. */
  | { readonly kind: 'untrusted'; readonly reason: string }
  | { readonly kind: 'received'; readonly bytes: Uint8Array }
  /** The other end sends no more. */
  | { readonly kind: 'ended' }
  /** `unreachable`: refused by this host's own stack, before anything was sent. */
  | {
      readonly kind: 'failed';
      readonly phase: 'unreachable' | 'connect' | 'handshake' | 'read' | 'write';
      readonly reason: string;
      readonly errno?: number;
    }
  /** connect_timeout is over since the begin, or since `restartTimeout`. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'signalled'; readonly signal: number; readonly timedOut: boolean };

export interface ProbeStep<State> {
  readonly state: State;
  readonly send?: Uint8Array;
  /** connect_timeout counts from now on. */
  readonly restartTimeout?: boolean;
  /** It is over: the socket is closed, and nothing more comes in. */
  readonly outcome?: Outcome;
}

/** What a probe needs from outside. */
export interface ProbeTools {
  /** Whether an expression of PCRE2 matches in these bytes. @throws Error for an expression that is none, or that takes too long */
  readonly match: (
    pattern: string,
    options: readonly string[],
    bytes: Uint8Array,
    minOffset: number,
    maxOffset: number | undefined,
  ) => boolean;
  /** 16 random bits. */
  readonly random: () => number;
}

export type Transport = 'tcp' | 'tls' | 'udp' | 'ping' | 'script' | 'frames';

export interface Probe<State = unknown> {
  readonly transport: (check: CheckKind) => Transport;
  readonly refused: RefusedLines;
  readonly begin: (attempt: Attempt, tools: ProbeTools) => State;
  readonly step: (state: State, input: ProbeInput, attempt: Attempt, tools: ProbeTools) => ProbeStep<State>;
}

export const succeeded = <State>(state: State, outcome: Omit<Extract<Outcome, { kind: 'success' }>, 'kind'> = {}): ProbeStep<State> => ({
  state,
  outcome: { kind: 'success', ...outcome },
});

/** `seen`: what came in place of what was wanted. */
export const failed = <State>(state: State, text: string, seen?: string): ProbeStep<State> => ({
  state,
  outcome: { kind: 'failure', text, ...(seen === undefined ? {} : { seen }) },
});

/** Hides the type of a probe's state from those who only carry it. */
export function probeOf<State>(probe: Probe<State>): Probe {
  return probe as Probe;
}
