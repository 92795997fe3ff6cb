// SMTP_CHECK: greeting 220, HELO 250, QUIT and any answer. One line of an answer counts, and at most 512 bytes of it are kept.
import { formatAddress } from '../../../model/address-text.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, probeOf, succeeded } from '../probe.js';
import { type Kind, only, type Subject } from './rules.js';

const LINE_MAX = 512;
const UNREACHABLE = 'Network unreachable for server ';

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
      if (input.phase === 'unreachable') return failed(state, `${UNREACHABLE}${formatAddress(attempt.target.address)}`);
      return failed(state, connecting ? `Could not connect to ${server(attempt)}` : `Read failure from ${server(attempt)}`);
    default:
      return failed(state, `Read failure from ${server(attempt)}`);
  }
}

/** The one text that names the real server, too. */
const withReal = ({ realServer: { address, port } }: Subject, text: string): string =>
  text.startsWith(UNREACHABLE) ? `${text} - real server [${formatAddress(address)}]:${port}` : text;

export const smtp: Kind = {
  success: ({ real }) => `Remote SMTP server ${real} succeed on service.`,
  failure: (subject, { text }) => `SMTP_CHECK ${withReal(subject, text)}`,
  uncounted: (subject, text) => `SMTP_CHECK ${withReal(subject, text)}`,
  mail: { up: () => 'CHECK succeed on service', down: (subject, { text }) => `CHECK failed on service : ${withReal(subject, text)}` },
  retriesWhileDown: true,
  freshRounds: true,
  probe: probeOf({
    transport: () => 'tcp',
    refused: {
      socket: 'SMTP_CHECK connection failed to create socket. Rescheduling.',
      bind: 'SMTP_CHECK socket bind failed. Rescheduling.',
    },
    begin: (): State => ({ phase: 'connecting', line: '' }),
    step,
  }),
};
