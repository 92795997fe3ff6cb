// Control connections of FTP in histories, by NAT and by FULLNAT: opened, answered, with lines that name data connections or only look like it, and what
// comes by these. What becomes of a packet decides which one is next.
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { textOf } from '../../../src/datapath/memory/packets/ip.js';
import { IpProtocol } from '../../../src/model/ip-protocol.js';
import fc from '../../support/properties.js';
import { type Ends as Between, tcp } from '../fixtures/packets.js';
import { tcp6 } from '../fixtures/packets6.js';
import type { Pair } from './pair.js';
import { endText, isSix } from './traffic.js';

const [CONTROL_PORT, DATA_CLIENT_PORT] = [21, 50_000] as const;
const OTHER = { four: '192.0.2.77', six: '2001:db8::77' } as const;
const text = new TextEncoder();

const [QUESTIONS, ANSWERS] = [9, 7] as const;

export const talk = fc.record({
  what: fc.constant('talk' as const),
  six: fc.boolean(),
  /** Of the server that its service gets, where it has none. */
  method: fc.constantFrom('masq' as const, 'fullnat' as const, 'fullnat' as const),
  clientPort: fc.constantFrom(41_000, 41_001, 41_002),
  far: fc.boolean(),
  /** Where both sides' numbers begin. */
  first: fc.constantFrom(1000, 0x7fff_ffe0, 0xffff_ffe0),
  /** Has the server sent more than its handshake before the first line? */
  greets: fc.integer({ min: 0, max: 5 }).map((n) => n !== 0),
  lines: fc.array(
    fc.record({
      question: fc.nat({ max: QUESTIONS - 1 }),
      answer: fc.nat({ max: ANSWERS - 1 }),
      dataPort: fc.constantFrom(5000, 5001, 61_234, 22),
      /** The same segments once more. */
      again: fc.boolean(),
      follows: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

type Talk = typeof talk extends fc.Arbitrary<infer T> ? T : never;
type Line = Talk['lines'][number];

/** Who talks, as histories write addresses. */
export interface Ends {
  readonly client: string;
  readonly vip: string;
}

type Deliver = (packet: Uint8Array, address: string, side: 'front' | 'back') => void;

const plain = (address: string, port: number): string => `${address.replaceAll('.', ',')},${port >> 8},${port & 255}`;

/** What a client sends. */
function questionOf({ question, dataPort }: Line, client: string): string {
  const six = isSix(client);
  const [number, other] = six ? [2, OTHER.six] : [1, OTHER.four];
  const lines = [
    'PASV',
    'EPSV',
    `epsv ${number}`,
    `PORT ${plain(client, dataPort)}`,
    `EPRT |${number}|${client}|${dataPort}|`,
    `NOOP\r\nEPRT !${number}!${client}!${dataPort}!`,
    `PORT ${plain(other, dataPort)}`,
    `EPRT |${number}|${other}|${dataPort}|`,
    'NOOP',
  ];
  return `${lines[question % QUESTIONS] ?? ''}\r\n`;
}

/** What a server answers. */
function answerOf({ answer, dataPort }: Line, server: string, vip: string): string {
  const six = isSix(vip);
  const [number, other] = six ? [2, OTHER.six] : [1, OTHER.four];
  const lines = [
    `227 Entering Passive Mode (${plain(server, dataPort)}).`,
    `229 ok (|||${dataPort}|)`,
    `229 ok (|${number}|${server}|${dataPort}|)`,
    `227 ok ${plain(vip, dataPort)}`,
    `227 ok (${plain(other, dataPort)})`,
    `200 ok\r\n229 ok (|${number}|${server}|${dataPort}|)`,
    '200 ok',
  ];
  return `${lines[answer % ANSWERS] ?? ''}\r\n`;
}

class Talker {
  #clientSeq: number;
  #serverSeq: number;

  constructor(
    readonly pair: Pair,
    readonly ends: Ends,
    readonly action: Talk,
    readonly deliver: Deliver,
  ) {
    this.#clientSeq = this.#serverSeq = action.first;
  }

  get #control(): Connection | undefined {
    const { ends, action } = this;
    return [...this.pair.director.living()].find(
      ({ client, virtual, protocol }) =>
        protocol === IpProtocol.tcp &&
        virtual.port === CONTROL_PORT &&
        client.port === action.clientPort &&
        textOf(client.address) === ends.client &&
        textOf(virtual.address) === ends.vip,
    );
  }

  /** `side`: whose packet it is. */
  #send(side: 'front' | 'back', { from, to }: Between, letters: string, data: string, numbers: readonly [number, number]): void {
    const [sequence, acknowledgement] = [numbers[0] >>> 0, numbers[1] >>> 0];
    const part = { data: text.encode(data), segment: { sequence, acknowledgement } };
    const six = isSix(this.ends.vip);
    this.deliver(six ? tcp6({ from, to }, letters, part) : tcp({ from, to }, letters, part), this.ends.vip, side);
  }

  asks(letters: string, data = ''): void {
    const { ends, action } = this;
    const between = { from: endText(ends.client, action.clientPort), to: endText(ends.vip, CONTROL_PORT) };
    this.#send('front', between, letters, data, [this.#clientSeq, this.#serverSeq]);
  }

  answers(letters: string, data = ''): void {
    const control = this.#control;
    if (control === undefined) return;
    this.#send('back', this.#toClient(control), letters, data, [this.#serverSeq, this.#clientSeq]);
  }

  /** From a connection's server, to whom it knows as its client. */
  #toClient(connection: Connection): Between {
    const { localPorts, now } = this.pair.director;
    const { address, port } = localPorts.known(connection, now) ?? connection.client;
    return { from: endText(textOf(connection.server.address), connection.server.port), to: endText(textOf(address), port) };
  }

  open(): boolean {
    this.asks('S');
    if (this.#control?.method !== 'masq') return false;
    this.answers('SA');
    this.asks('A');
    if (this.action.greets) this.answers('PA', '220 ready\r\n');
    if (this.action.greets) this.#serverSeq += '220 ready\r\n'.length;
    return true;
  }

  sends(line: Line): void {
    const control = this.#control;
    if (control === undefined) return;
    const [question, answer] = [questionOf(line, this.ends.client), answerOf(line, textOf(control.server.address), this.ends.vip)];
    for (let k = line.again ? 2 : 1; k > 0; k--) this.asks('PA', question);
    this.#clientSeq += question.length;
    for (let k = line.again ? 2 : 1; k > 0; k--) this.answers('PA', answer);
    this.#serverSeq += answer.length;
    this.asks('A');
    if (line.follows) this.#follows(line);
  }

  /** The data connection that is expected, from either side, and what comes back. */
  #follows({ dataPort }: Line): void {
    const { client, vip } = this.ends;
    const mine = (connection: Connection): boolean =>
      textOf(connection.client.address) === client && textOf(connection.virtual.address) === vip && connection.state === 'LISTEN';
    const active = [...this.pair.director.living()].find((each) => mine(each) && each.client.port === dataPort);
    const [from, to] = active === undefined ? [DATA_CLIENT_PORT, dataPort] : [dataPort, active.virtual.port];
    if (active !== undefined) this.#send('back', this.#toClient(active), 'S', '', [1, 0]);
    this.#send('front', { from: endText(client, from), to: endText(vip, to) }, active === undefined ? 'S' : 'SA', '', [1, 0]);
  }
}

export function play(pair: Pair, ends: Ends, action: Talk, deliver: Deliver): void {
  const talker = new Talker(pair, ends, action, deliver);
  if (!talker.open()) return;
  for (const line of action.lines) talker.sends(line);
}
