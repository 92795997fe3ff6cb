// The same answers of a server through weir proxy, nginx and HAProxy: what their clients got is compared. Each client asks twice on a connection, so
// that bytes of one answer that became a second one would be the answer to its second request.
import { brief, type Conversation, converse, inParallel, type Patience } from './conversations.js';
import { type Engine, type EngineName, startEngine } from './engines.js';
import { keepingNone, refusalOfAnswer } from './in-process.js';
import { type BodyRule, LENIENCIES, type Message, oneReading, type Reading, readMessages } from './lenient-readers.js';
import { type Judge, judgeAll, type OtherName, type Reason, type Relation, reasonOf, type Tally } from './relation.js';
import { LAST_TARGET, ScriptedAnswers } from './scripted-answers.js';

/** What a server sends, and whether it was asked by HEAD. */
export interface AnswerCase {
  readonly bytes: string;
  readonly isHead: boolean;
}

/** How many connections to the server a program keeps for further requests. */
const KEPT = 16;

/** A program between clients and a server of answers by a script. */
export class Scripted {
  private constructor(
    readonly engine: Engine,
    readonly server: ScriptedAnswers,
  ) {}

  static async start(name: EngineName): Promise<Scripted> {
    const server = await ScriptedAnswers.start();
    return new Scripted(await startEngine(name, server.port, KEPT), server);
  }

  conversations(cases: readonly AnswerCase[]): Promise<readonly Conversation[]> {
    this.server.script(cases.map(({ bytes }) => bytes));
    const numbered = cases.map((one, place) => ({ ...one, place }));
    return inParallel(numbered, ({ isHead, place }) => brief(this.engine.port, asked(place, isHead)));
  }

  /** Of an answer of the script's. */
  patiently(place: number, { isHead }: AnswerCase, patience: Patience): Promise<Conversation> {
    return converse(this.engine.port, asked(place, isHead), patience);
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    this.server.close();
  }
}

const asked = (place: number, isHead: boolean): string =>
  `${isHead ? 'HEAD' : 'GET'} /${place} HTTP/1.1\r\nHost: h\r\n\r\nGET ${LAST_TARGET} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;

/** The first final answer. `isWhole`: its end came, too. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
}

const NO_BODY = /^HTTP\/1\.[01] (?:1\d\d|204|304)/;
const LAST = / 299 /;
const statusOf = (line: string): number => Number(line.split(' ')[1] ?? 0);
const isFinal = ({ line }: Message): boolean => statusOf(line) >= 200;
const NOTHING: Answer = { status: 0, body: '', isWhole: false };

const ruleOf =
  (isHead: boolean, isUntilClose: boolean): BodyRule =>
  (line) => {
    if (LAST.test(line)) return undefined;
    if (isHead || NO_BODY.test(line)) return 'none';
    return isUntilClose ? 'until-close' : undefined;
  };

function answerOf({ messages, rest }: Reading): Answer {
  const [first] = messages.filter(isFinal);
  if (first !== undefined && !LAST.test(first.line)) return { status: statusOf(first.line), body: first.body, isWhole: true };
  return first === undefined && rest !== '' ? { status: statusOf(rest), body: '', isWhole: false } : NOTHING;
}

/** What weir's client gets; a text: what is wrong with it. */
function answered({ text, hasEnded }: Conversation, isHead: boolean): Answer | string {
  try {
    const reading = oneReading(text, ruleOf(isHead, false));
    const finals = reading.messages.filter(isFinal);
    const [first, last] = finals;
    if (finals.length > 2) return `${finals.length} answers of two requests: ${text}`;
    if (first === undefined && !hasEnded) return `no answer, and the connection goes on: ${text}`;
    if (last !== undefined && !(LAST.test(last.line) && last.body === 'end')) return `another answer to the next request: ${text}`;
    if (first !== undefined && LAST.test(first.line)) return `the next answer is that to the first request: ${text}`;
    if (reading.rest !== '' && !hasEnded) return `an answer without its end, and the connection goes on: ${text}`;
    return answerOf(reading);
  } catch (error) {
    return String(error);
  }
}

/** As gateways answer where a server's answer is none. */
const GATEWAY_ERRORS: readonly number[] = [502, 503, 504];
const isRefused = ({ status, isWhole }: Answer): boolean => GATEWAY_ERRORS.includes(status) || !isWhole;

/** What a server sent, and what of it the client of another program got. */
interface AnswerDifference {
  readonly bytes: string;
  readonly text: string;
}

const INTERIM = /^HTTP\/1\.[01] (1\d\d) /;

/** Why another program does not pass on what weir proxy does. */
const REASONS: Readonly<Record<OtherName, readonly Reason<AnswerDifference>[]>> = {
  nginx: [
    {
      why: 'nginx before 1.29 takes 1xx for the answer; RFC 9110 §15.2: a final one follows',
      explains: ({ bytes, text }) => {
        const [, status] = INTERIM.exec(bytes) ?? [];
        return status !== undefined && (text === '' || INTERIM.exec(text)?.[1] === status);
      },
    },
    {
      why: 'nginx takes a tab around a length for a part of it, and knows none then; RFC 9110 §5.5: it is none',
      explains: ({ bytes }) => /^content-length:(?: *\t| *\d+ *\t)/im.test(bytes.split('\r\n\r\n')[0] ?? ''),
    },
  ],
  haproxy: [],
};

/** The other passes on what weir does not. */
function weirRefuses({ bytes, isHead }: AnswerCase, cause: string | undefined): Relation {
  if (cause !== undefined) return { kind: 'weir refuses', why: cause };
  const sent = answerOf(readMessages(bytes, LENIENCIES[0]!, ruleOf(isHead, true), true));
  if (sent.isWhole) return { kind: 'defect', why: 'weir does not pass on a whole answer, without a cause' };
  return { kind: 'weir refuses', why: 'it is not there as a whole' };
}

/** What weir passes on as a whole, the other must pass on, too, with the same status and body; it may pass on more. */
function relationOf(
  one: AnswerCase,
  weir: Conversation,
  other: Conversation,
  name: OtherName,
  refusal: () => string | undefined,
): Relation {
  const { bytes, isHead } = one;
  const ours = answered(weir, isHead);
  if (typeof ours === 'string') return { kind: 'defect', why: ours };
  const theirs = answerOf(readMessages(other.text, LENIENCIES[0]!, ruleOf(isHead, true), other.hasEnded));
  if (isRefused(ours)) return isRefused(theirs) ? { kind: 'both refuse' } : weirRefuses(one, refusal());
  if (ours.status === theirs.status && ours.body === theirs.body && theirs.isWhole) return { kind: 'both pass it on' };
  const why = reasonOf(REASONS[name], { bytes, text: other.text });
  if (why !== undefined) return { kind: isRefused(theirs) ? 'the other refuses' : 'other bytes', why };
  return { kind: 'defect', why: `weir passes on ${JSON.stringify(ours)}, ${name} ${JSON.stringify(other.text)}` };
}

/** Compares all that weir's clients get with what the others' clients do. */
export async function compareAnswers([weir, ...others]: readonly Scripted[], all: readonly AnswerCase[], tally: Tally): Promise<void> {
  const [ours, ...theirs] = await Promise.all([weir!, ...others].map((each) => each.conversations(all)));
  const bed = keepingNone();
  const names = others.map(({ engine }) => engine.name as OtherName);
  const relation = (place: number, other: number, one: Conversation, two: Conversation): Relation => {
    const { bytes, isHead } = all[place]!;
    return relationOf(all[place]!, one, two, names[other]!, () => refusalOfAnswer(bed, bytes, isHead));
  };
  const judge: Judge = {
    names,
    textOf: (place) => `${all[place]!.isHead ? 'HEAD ' : ''}${all[place]!.bytes}`,
    relation: (place, other) => relation(place, other, ours![place]!, theirs[other]![place]!),
    again: async (place, other, patience) => {
      const conversationOf = (engine: Scripted): Promise<Conversation> => engine.patiently(place, all[place]!, patience);
      return relation(place, other, await conversationOf(weir!), await conversationOf(others[other]!));
    },
  };
  await judgeAll(all.length, judge, tally);
}
