// SMTP_CHECK: greeting 220, HELO 250, QUIT and any answer. One line of an answer counts, and at most 512 bytes of it are kept.
import { formatAddress } from '../../../model/address-text.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, sealed, succeeded } from '../probe.js';
import { type Kind, only } from './rules.js';

const LINE_MAX = 512;

interface State {
  readonly phase: 'connecting' | 'banner' | 'helo' | 'quit';
  readonly line: string;
}

const server = ({ target }: Attempt): string => `server [${formatAddress(target.address)}]:${target.port}`;

/** The code of an answer's line; undefined: it is none. `250-` is none, either, as in keepalived. */
const code = (line: string): string | undefined => /^(\d{3})(?:\s|$)/.exec(line)?.[1];

function answer(state: State, line: string, attempt: Attempt): ProbeStep<State> {
  const send = (phase: State['phase'], text: string): ProbeStep<State> => ({
    state: { phase, line: '' },
    send: new TextEncoder().encode(`${text}\r\n`),
    restartTimeout: true,
  });
  if (state.phase === 'banner') {
    if (code(line) !== '220') return failed(state, `Bad greeting banner from ${server(attempt)}`);
    return send('helo', `HELO ${only(attempt.check, 'smtp').heloName ?? attempt.hostName}`);
  }
  if (state.phase === 'helo')
    return code(line) === '250' ? send('quit', 'QUIT') : failed(state, `Bad HELO response from ${server(attempt)}`);
  return succeeded(state);
}

function receive(state: State, bytes: Uint8Array, attempt: Attempt): ProbeStep<State> {
  const text = (state.line + new TextDecoder('latin1').decode(bytes)).slice(0, LINE_MAX);
  const end = text.indexOf('\n');
  if (end >= 0) return answer(state, text.slice(0, end), attempt);
  // A line that does not end is cut, as keepalived does; its begin decides.
  return { state: { ...state, line: text.length >= LINE_MAX ? '' : text }, restartTimeout: true };
}

function step(state: State, input: ProbeInput, attempt: Attempt): ProbeStep<State> {
  const connecting = state.phase === 'connecting';
  switch (input.kind) {
    case 'connected':
      return { state: { phase: 'banner', line: '' }, restartTimeout: true };
    case 'received':
      return receive(state, input.bytes, attempt);
    case 'timeout':
      return failed(state, connecting ? `Connection timeout to ${server(attempt)}` : `Read timeout from ${server(attempt)}`);
    case 'failed':
      if (input.phase === 'write') return failed(state, `Write failure to ${server(attempt)}`);
      if (input.phase === 'unreachable') return failed(state, `Network unreachable for ${server(attempt)}`);
      return failed(state, connecting ? `Could not connect to ${server(attempt)}` : `Read failure from ${server(attempt)}`);
    default:
      return failed(state, `Read failure from ${server(attempt)}`);
  }
}

export const smtp: Kind = {
  success: ({ real }) => `Remote SMTP server ${real} succeed on service.`,
  failure: (_, { text }) => `SMTP_CHECK ${text}`,
  uncounted: (_, text) => `SMTP_CHECK ${text}`,
  mail: { up: () => 'CHECK succeed on service', down: (_, { text }) => `CHECK failed on service : ${text}` },
  retriesWhileDown: true,
  freshRounds: true,
  probe: sealed({ transport: () => 'tcp', socketName: 'SMTP_CHECK', begin: (): State => ({ phase: 'connecting', line: '' }), step }),
};
