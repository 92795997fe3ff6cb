// Generated messages through the proxy's machine: what it sends on must read the same to every reader, however lenient.
import assert from 'node:assert/strict';
import { defaultKeepAlive } from '../../../src/model/layer7/defaults.js';
import fc from '../../support/properties.js';
import { type MemorySocket, ProxyBed } from '../../support/proxy-bed.js';
import { requests, responses } from './grammar.js';
import { oneReading } from './lenient-readers.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** One server, with a connection for each request. */
export const keepingNone = (): ProxyBed => new ProxyBed({ servers: 1, pool: { keepAlive: { ...defaultKeepAlive, connections: 0 } } });

const cut = (text: string, place: number): readonly [string, string] => [
  text.slice(0, place % (text.length + 1)),
  text.slice(place % (text.length + 1)),
];

const askFor = (isHead: boolean): string => `${isHead ? 'HEAD' : 'GET'} / HTTP/1.1\r\nHost: h\r\n\r\n`;

/** The newest connections to servers that are open. */
const open = (bed: ProxyBed): readonly MemorySocket[] => bed.servers.filter(({ isClosed }) => !isClosed);

/** What a server got of a client's bytes, each with its whole bytes. `feed`: has the bytes sent. */
function served(bed: ProxyBed, feed: () => void): readonly string[] {
  const sent: string[] = [];
  feed();
  for (let [server] = open(bed); server !== undefined; [server] = open(bed)) {
    const { messages, rest } = oneReading(server.received);
    assert.ok(messages.length <= 1, `${messages.length} requests on one connection: ${server.received}`);
    if (messages.length === 0) break; // its body has not come as a whole
    assert.equal(rest, '');
    sent.push(server.received);
    bed.feed(server, OK);
  }
  return sent;
}

function endAll(bed: ProxyBed, client: MemorySocket): void {
  bed.end(client);
  for (const server of open(bed)) bed.end(server);
  bed.forgetClosed();
}

/** The requests that reached a server, with their whole bytes. */
export function forwarded(bed: ProxyBed, bytes: string, place = 0): readonly string[] {
  const client = bed.client();
  const sent = served(bed, () => bed.feed(client, ...cut(bytes, place)));
  bed.end(client);
  for (const server of open(bed)) assert.deepEqual(oneReading(server.received).messages, [], 'half a request is none');
  endAll(bed, client);
  return sent;
}

/** What the access log has as the cause of a refusal. */
const causeOf = ({ edge }: ProxyBed): string | undefined => edge.records.find(({ cause }) => cause !== '')?.cause;

/** Why the proxy refuses a request of a client's bytes; undefined: it does not. */
export function refusalOf(bed: ProxyBed, bytes: string): string | undefined {
  const client = bed.client();
  served(bed, () => bed.feed(client, bytes));
  const cause = causeOf(bed);
  endAll(bed, client);
  return cause;
}

/** Why the proxy does not pass on an answer of these bytes; undefined: it does. */
export function refusalOfAnswer(bed: ProxyBed, bytes: string, isHead: boolean): string | undefined {
  const client = bed.client();
  bed.feed(client, askFor(isHead));
  const [server] = open(bed);
  bed.feed(server!, bytes);
  if (!server!.isClosed) bed.end(server!);
  const cause = causeOf(bed);
  endAll(bed, client);
  return cause;
}

/** Each request stands alone on its connection, and is read as one by all readers. `bed`: its pool keeps no connection. */
export function judgeRequests(bed: ProxyBed, runs: number): number {
  let total = 0;
  fc.assert(
    fc.property(requests, fc.nat(1000), (bytes, place) => {
      total += forwarded(bed, bytes, place).length;
    }),
    { numRuns: runs },
  );
  return total;
}

const NO_BODY = /^HTTP\/1\.1 (?:1\d\d|204|304)/;

function judgeAnswer(client: MemorySocket, isHead: boolean, bytes: string): boolean {
  const text = client.received;
  const isOver = client.isShut || client.isClosed;
  const { messages, rest } = oneReading(text, (line) => (isHead || NO_BODY.test(line) ? 'none' : undefined));
  const finals = messages.filter(({ line }) => !/ 1\d\d /.test(line));
  assert.ok(finals.length <= 1, `${finals.length} answers of one: ${text}`);
  if (finals.length === 1) assert.equal(rest, '');
  else assert.ok(isOver, `an answer without its end, and the connection goes on: ${bytes} ${text}`);
  return finals.length === 1 && !/ 502 /.test(finals[0]!.line);
}

/** How many answers of these bytes of a server reach a client as a whole. */
export function passedAnswers(bed: ProxyBed, bytes: string): number {
  const client = bed.client();
  bed.feed(client, askFor(false));
  const [server] = open(bed);
  bed.feed(server!, bytes);
  if (!server!.isClosed) bed.end(server!);
  return judgeAnswer(client, false, bytes) ? 1 : 0;
}

/** A client gets one answer that all readers read alike, or a part of one and its connection's end. */
export function judgeResponses(bed: ProxyBed, runs: number): number {
  let passed = 0;
  fc.assert(
    fc.property(responses, fc.nat(1000), fc.boolean(), (bytes, place, isHead) => {
      const client = bed.client();
      bed.feed(client, askFor(isHead));
      const [server] = open(bed);
      assert.ok(server !== undefined);
      for (const piece of cut(bytes, place)) if (!server.isClosed) bed.feed(server, piece);
      if (!server.isClosed) bed.end(server);
      if (judgeAnswer(client, isHead, bytes)) passed++;
      bed.end(client);
      bed.forgetClosed();
    }),
    { numRuns: runs },
  );
  return passed;
}
