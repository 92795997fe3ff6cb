// The same requests to weir proxy, nginx and HAProxy: what their servers got is compared, request by request.
import { brief, type Conversation, converse, inParallel, PATIENT } from './conversations.js';
import { type Engine, type EngineName, startEngine } from './engines.js';
import { keepingNone, refusalOf } from './in-process.js';
import { LENIENCIES, type Message, oneReading, readMessages } from './lenient-readers.js';
import { RecordedRequests } from './recorded-requests.js';
import { type Judge, judgeAll, type OtherName, type Relation, reasonOf, type Tally } from './relation.js';
import { membersOf, REQUEST_REASONS, type RequestDifference, valuesOf } from './request-reasons.js';

export interface Verdict {
  /** Of the final answers, in their order. */
  readonly statuses: readonly number[];
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
    const finals = [...text.matchAll(/HTTP\/1\.[01] ([2-5]\d\d)/g)];
    return { statuses: finals.map(([, status]) => Number(status)), requests: this.server.take(from) };
  }

  verdicts(all: readonly string[]): Promise<readonly Verdict[]> {
    return inParallel(all, async (bytes) => this.#verdict(await brief(this.engine.port, bytes)));
  }

  async patientVerdict(bytes: string, patience = PATIENT): Promise<Verdict> {
    return this.#verdict(await converse(this.engine.port, bytes, patience));
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    this.server.close();
  }
}

const messageOf = (text: string): Message | undefined => readMessages(text, LENIENCIES[0]!).messages[0];

/** Method, path and body: what routes and smuggles. An absolute target counts by its path (RFC 9112 §3.2.2, 3.2.4). */
const essence = ({ line, body }: Message): string => {
  const [method, target = ''] = line.split(' ');
  const path = target.replace(/^https?:\/\/[^/?]*/i, '');
  const whole = path === '' ? (method === 'OPTIONS' ? '*' : '/') : path.startsWith('?') ? `/${path}` : path;
  return JSON.stringify([method, whole, body]);
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

/** Nothing behind it on its connection is a request (RFC 9112 §9.6). */
const isLast = (request: Message): boolean => {
  const options = valuesOf(request, 'connection').flatMap(membersOf);
  return options.includes('close') || (/HTTP\/1\.0$/.test(request.line) && !options.includes('keep-alive'));
};

function lastAnswered(sent: readonly Message[], { statuses }: Verdict): RequestDifference['last'] {
  const [request, status] = [sent[statuses.length - 1], statuses.at(-1)];
  return request === undefined || status === undefined ? undefined : { request, status };
}

/** The other passes on more than weir, which passes on or refuses `done` requests. */
function weirRefuses(sent: readonly Message[], done: number, { statuses }: Verdict, cause: string | undefined): Relation {
  const before = sent[done - 1];
  if (cause !== undefined) {
    if (statuses.some((status) => status >= 400)) return { kind: 'weir refuses', why: cause };
    return { kind: 'defect', why: `weir answers ${statuses.join(' ')}, and has the cause: ${cause}` };
  }
  if (before !== undefined && isLast(before))
    return { kind: 'weir refuses', why: 'the request before it is the last one of its connection' };
  if (sent.length > done) return { kind: 'defect', why: `weir passes on ${done} of ${sent.length} whole requests` };
  return { kind: 'weir refuses', why: 'it is not there as a whole' };
}

/**
 * What weir passes on, the other must pass on, too, in the same order and with the same body; it may pass on more. `refusal`: why weir refuses
 * something of these bytes.
 */
export function relationOf(bytes: string, weir: Verdict, other: Verdict, name: OtherName, refusal: () => string | undefined): Relation {
  const ours = passedOn(weir);
  if (typeof ours === 'string') return { kind: 'defect', why: ours };
  const sent = readMessages(bytes, LENIENCIES[0]!).messages;
  const theirs = other.requests.flatMap((text) => messageOf(text) ?? []);
  let [from, done] = [0, 0];
  let different: Relation | undefined;
  for (const passed of ours) {
    const place = sent.findIndex((message, at) => at >= done && essence(message) === passed);
    const index = theirs.findIndex((message, at) => at >= from && essence(message) === passed);
    if (index < 0) {
      // What weir has refused before it, the other may have passed on.
      const refused = sent.slice(done, place).map(essence);
      const instead = theirs.findIndex((message, at) => at >= from && !refused.includes(essence(message)));
      const [request, arrived] = [sent[place], theirs[instead]];
      const [status, last] = [other.statuses[place] ?? 0, lastAnswered(sent, other)];
      const why = request && reasonOf(REQUEST_REASONS[name], { request, arrived, status, last });
      const sees = `${theirs.map(essence).join(' ')} ${other.statuses.join(' ')}`;
      if (why === undefined) return { kind: 'defect', why: `weir passes on ${passed}, ${name} ${sees}` };
      if (arrived === undefined) return { kind: 'the other refuses', why };
      different ??= { kind: 'other bytes', why };
      from = instead + 1;
    } else from = index + 1;
    done = place + 1;
  }
  if (different !== undefined) return different;
  if (theirs.length > ours.length) return weirRefuses(sent, done, weir, refusal());
  return { kind: ours.length > 0 ? 'both pass it on' : 'both refuse' };
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
    again: async (place, other, patience) => {
      const verdictOf = (engine: Recorded): Promise<Verdict> => engine.patientVerdict(all[place]!, patience);
      return relation(place, other, await verdictOf(weir!), await verdictOf(others[other]!));
    },
  };
  await judgeAll(all.length, judge, tally);
}
