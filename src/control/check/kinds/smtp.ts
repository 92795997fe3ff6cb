// SMTP_CHECK: greeting 220, HELO 250, QUIT and any answer. An answer is one line, and at most 512 bytes of it are kept.
import { formatAddress } from '../../../model/address-text.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, probeOf, succeeded } from '../probe.js';
import { type Kind, only, type Subject } from './rules.js';
import { shownText } from './seen.js';

const LINE_MAX = 512;
const UNREACHABLE = 'Network unreachable for server ';

interface State {
  readonly phase: 'connecting' | 'banner' | 'helo' | 'quit';
  /** The answer so far. */
  readonly line: string;
  /** What comes next is the rest of a line that is no answer. */
  readonly skips: boolean;
}

const server = ({ target }: Attempt): string => `server [${formatAddress(target.address)}]:${target.port}`;

/** The code of an answer's line; undefined: it is none. `250-` is none, either, as in keepalived. */
const code = (line: string): string | undefined => /^(\d{3})(?:\s|$)/.exec(line)?.[1];

const answered = (line: string): string => shownText(new TextEncoder().encode(line.trimEnd()));

function answer(state: State, line: string, attempt: Attempt): ProbeStep<State> {
  const send = (phase: State['phase'], text: string): ProbeStep<State> => ({
    state: { phase, line: '', skips: false },
    send: new TextEncoder().encode(`${text}\r\n`),
    restartTimeout: true,
  });
  if (state.phase === 'banner') {
    if (code(line) !== '220') return failed(state, `Bad greeting banner from ${server(attempt)}`, answered(line));
    return send('helo', `HELO ${only(attempt.check, 'smtp').heloName ?? attempt.hostName}`);
  }
  if (state.phase === 'helo')
    return code(line) === '250' ? send('quit', 'QUIT') : failed(state, `Bad HELO response from ${server(attempt)}`, answered(line));
  return succeeded(state);
}

/** What came before a question is no answer to it, nor is the rest of a line that had begun by then. */
function receive(state: State, bytes: Uint8Array, attempt: Attempt): ProbeStep<State> {
  const text = new TextDecoder('latin1').decode(bytes);
  const from = state.skips ? text.indexOf('\n') + 1 : 0;
  if (state.skips && from === 0) return { state, restartTimeout: true };
  const whole = state.line + text.slice(from);
  const end = whole.indexOf('\n');
  // Of a line that is too long the begin decides.
  const line = whole.slice(0, end < 0 ? LINE_MAX : Math.min(end, LINE_MAX));
  if (end < 0) return { state: { ...state, line, skips: false }, restartTimeout: true };
  const next = answer(state, line, attempt);
  return { ...next, state: { ...next.state, skips: end < whole.length - 1 && !whole.endsWith('\n') } };
}

function step(state: State, input: ProbeInput, attempt: Attempt): ProbeStep<State> {
  const connecting = state.phase === 'connecting';
  switch (input.kind) {
    case 'connected':
      return { state: { phase: 'banner', line: '', skips: false }, restartTimeout: true };
    case 'received':
      return receive(state, input.bytes, attempt);
    case 'timeout':
      return failed(state, connecting ? `Connection timeout to ${server(attempt)}` : `Read timeout from ${server(attempt)}`);
    case 'failed':
      if (input.phase === 'write') return failed(state, `Write failure to ${server(attempt)}`);
      if (input.phase === 'unreachable') return failed(state, `${UNREACHABLE}${formatAddress(attempt.target.address)}`);
      return failed(state, connecting ? `Could not connect to ${server(attempt)}` : `Read failure from ${server(attempt)}`, input.reason);
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
    begin: (): State => ({ phase: 'connecting', line: '', skips: false }),
    step,
  }),
};
