// The same requests to weir proxy, nginx and HAProxy: what their servers got is compared, request by request.
import { brief, type Conversation, converse, inParallel, PATIENT } from './conversations.js';
import { type Engine, type EngineName, startEngine } from './engines.js';
import { keepingNone, refusalOf } from './in-process.js';
import { LENIENCIES, type Message, oneReading, readMessages } from './lenient-readers.js';
import { RecordedRequests } from './recorded-requests.js';
import { type Judge, judgeAll, type OtherName, type Reasons, type Relation, reasonOf, type Tally } from './relation.js';

export interface Verdict {
  /** Of the first answer; 0: none came. */
  readonly status: number;
  /** What the server got, with the fields as they came. */
  readonly requests: readonly string[];
}

/** A program between clients and a server that keeps what it gets. */
export class Recorded {
  private constructor(
    readonly engine: Engine,
    readonly server: RecordedRequests,
  ) {}

  static async start(name: EngineName): Promise<Recorded> {
    const server = await RecordedRequests.start();
    return new Recorded(await startEngine(name, server.port), server);
  }

  #verdict({ text, from }: Conversation): Verdict {
    const final = /(?:^|\r\n)HTTP\/1\.[01] ([2-5]\d\d)/.exec(text);
    return { status: Number(final?.[1] ?? 0), requests: this.server.take(from) };
  }

  verdicts(all: readonly string[]): Promise<readonly Verdict[]> {
    return inParallel(all, async (bytes) => this.#verdict(await brief(this.engine.port, bytes)));
  }

  async patientVerdict(bytes: string): Promise<Verdict> {
    return this.#verdict(await converse(this.engine.port, bytes, PATIENT));
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    this.server.close();
  }
}

/** Why another program does not take what weir proxy takes. */
const REASONS: Readonly<Record<OtherName, Reasons>> = {
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

const messageOf = (text: string): Message | undefined => readMessages(text, LENIENCIES[0]!).messages[0];

/** Method, path and body: what routes and smuggles. An absolute target counts by its path. */
const essence = ({ line, body }: Message): string => {
  const [method, target = ''] = line.split(' ');
  return JSON.stringify([method, target.replace(/^https?:\/\/[^/?]*/i, '').replace(/^$/, '/'), body]);
};

/** What weir passes on, each as all readers read it; a text: what is wrong with it. */
function passedOn({ requests }: Verdict): readonly string[] | string {
  const found: string[] = [];
  for (const text of requests) {
    try {
      const { messages, rest } = oneReading(text);
      const [message] = messages;
      if (message === undefined) continue; // its body did not come as a whole
      if (messages.length > 1 || rest !== '') return `more than one request on a connection: ${text}`;
      found.push(essence(message));
    } catch (error) {
      return String(error);
    }
  }
  return found;
}

/**
 * What weir passes on, the other must pass on, too, in the same order and with the same body; it may pass on more. `refusal`: why weir refuses
 * something of these bytes.
 */
function relationOf(bytes: string, weir: Verdict, other: Verdict, name: OtherName, refusal: () => string): Relation {
  const ours = passedOn(weir);
  if (typeof ours === 'string') return { kind: 'defect', why: ours };
  const theirs = other.requests.map(messageOf).flatMap((message) => (message === undefined ? [] : [essence(message)]));
  let from = 0;
  for (const request of ours) {
    const index = theirs.indexOf(request, from);
    if (index < 0) {
      const why = reasonOf(REASONS[name], bytes);
      if (why === undefined) return { kind: 'defect', why: `weir passes on ${request}, ${name} ${theirs.join(' ')} ${other.status}` };
      return { kind: theirs.length > from ? 'other bytes' : 'the other refuses', why };
    }
    from = index + 1;
  }
  return theirs.length > ours.length ? { kind: 'weir refuses', why: refusal() } : { kind: 'the same' };
}

/** Compares all verdicts of weir's with those of the others. */
export async function compareRequests([weir, ...others]: readonly Recorded[], all: readonly string[], tally: Tally): Promise<void> {
  const [ours, ...theirs] = await Promise.all([weir!, ...others].map((each) => each.verdicts(all)));
  const bed = keepingNone();
  const names = others.map(({ engine }) => engine.name as OtherName);
  const relation = (place: number, other: number, one: Verdict, two: Verdict): Relation =>
    relationOf(all[place]!, one, two, names[other]!, () => refusalOf(bed, all[place]!));
  const judge: Judge = {
    names,
    textOf: (place) => all[place]!,
    relation: (place, other) => relation(place, other, ours![place]!, theirs[other]![place]!),
    again: async (place, other) =>
      relation(place, other, await weir!.patientVerdict(all[place]!), await others[other]!.patientVerdict(all[place]!)),
  };
  await judgeAll(all.length, judge, tally);
}
