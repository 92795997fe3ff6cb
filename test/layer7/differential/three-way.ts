// The same bytes to weir proxy, nginx and HAProxy: what their servers got is compared, request by request.
import { connect } from 'node:net';
import type { Engine, EngineName } from './engines.js';
import { LENIENCIES, type Message, oneReading, readMessages } from './lenient-readers.js';

export interface Verdict {
  /** Of the first answer; 0: none came. */
  readonly status: number;
  /** What the server got, with the fields as they came. */
  readonly requests: readonly string[];
}

const QUIET_MS = 80;
const WAIT_MS = 700;
export const PATIENT_WAIT_MS = 5000;

/** Sends bytes on a connection of its own, and waits until nothing more comes. */
async function ask({ port, recorded }: Engine, bytes: string, waitMs: number): Promise<Verdict> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  let answer = '';
  await new Promise<void>((done) => {
    let timer = setTimeout(done, waitMs);
    socket.on('connect', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.on('data', (piece: string) => {
      answer += piece;
      clearTimeout(timer);
      timer = setTimeout(done, QUIET_MS);
    });
    socket.on('error', () => done());
    socket.on('end', () => done());
  });
  const local = socket.localPort ?? 0;
  socket.destroy();
  const final = /(?:^|\r\n)HTTP\/1\.[01] ([2-5]\d\d)/.exec(answer);
  return { status: Number(final?.[1] ?? 0), requests: recorded.of(local) };
}

const CONCURRENT = 40;

/** The verdicts of one engine on all, in their order. */
export async function verdicts(engine: Engine, all: readonly string[], waitMs = WAIT_MS): Promise<readonly Verdict[]> {
  const found: Verdict[] = [];
  for (let at = 0; at < all.length; at += CONCURRENT) {
    found.push(...(await Promise.all(all.slice(at, at + CONCURRENT).map((bytes) => ask(engine, bytes, waitMs)))));
    engine.recorded.forget();
  }
  return found;
}

/** Where another program does not take what weir proxy takes, for a reason that is no matter of framing. */
const EXPLAINED: Readonly<Record<Exclude<EngineName, 'weir'>, readonly (readonly [why: string, bytes: RegExp])[]>> = {
  nginx: [
    ['nginx takes methods of A-Z, _ and - only; RFC 9110 §9.1: a token', /(?:^|\n)(?![A-Z_-]+ )[!-~]+ /],
    ['nginx takes * of no method; RFC 9112 §3.2.4: OPTIONS', /OPTIONS \* /],
    [
      'nginx refuses white space in a field that it reads as a list; RFC 9110 §5.6.1: empty members are allowed',
      /Host:[ \t]*[^\r\n]*[ \t]/,
    ],
  ],
  haproxy: [
    ['HAProxy refuses a Host other than the authority of the target; RFC 9112 §3.2.2: the target counts', /https?:\/\//i],
    ['HAProxy refuses bytes from 0x80 on in names and targets', /[\x80-\xff]/],
    ['HAProxy refuses a Connection field with an empty member', /Connection:/i],
  ],
};

const isExplained = (name: EngineName, bytes: string): boolean =>
  name !== 'weir' && EXPLAINED[name].some(([, pattern]) => pattern.test(bytes));

const messageOf = (text: string): Message | undefined => readMessages(text, LENIENCIES[0]!).messages[0];

/** Method, path and body: what routes and smuggles. An absolute target counts by its path. */
const essence = ({ line, body }: Message): string => {
  const [method, target = ''] = line.split(' ');
  return JSON.stringify([method, target.replace(/^https?:\/\/[^/?]*/i, '').replace(/^$/, '/'), body]);
};

/**
 * Why weir's verdict is wrong beside another one's; undefined: it is not. What weir passes on, the other must pass on, too, in the same order and with
 * the same body; it may pass on more.
 */
export function differenceOf(bytes: string, weir: Verdict, other: Verdict, name: EngineName): string | undefined {
  const theirs = other.requests.map(messageOf).map((message) => message && essence(message));
  let from = 0;
  for (const text of weir.requests) {
    const { messages, rest } = oneReading(text);
    const [message] = messages;
    if (message === undefined) continue; // its body did not come as a whole
    if (messages.length > 1 || rest !== '') return `more than one request on a connection: ${text}`;
    const index = theirs.indexOf(essence(message), from);
    if (index < 0)
      return isExplained(name, bytes) ? undefined : `weir passes on ${essence(message)}, ${name} ${theirs.join(' ')} ${other.status}`;
    from = index + 1;
  }
  return undefined;
}

/** All differences of weir from the others. Where there seems to be one, everything is asked once more, and patiently. */
export async function differences(weir: Engine, others: readonly Engine[], all: readonly string[]): Promise<readonly string[]> {
  const ours = await verdicts(weir, all);
  const found: string[] = [];
  for (const other of others) {
    const theirs = await verdicts(other, all);
    for (const [index, bytes] of all.entries()) {
      if (differenceOf(bytes, ours[index]!, theirs[index]!, other.name) === undefined) continue;
      const difference = differenceOf(bytes, await ask(weir, bytes, PATIENT_WAIT_MS), await ask(other, bytes, PATIENT_WAIT_MS), other.name);
      if (difference !== undefined) found.push(`${JSON.stringify(bytes)}: ${difference}`);
    }
  }
  return found;
}
