// DNS_CHECK, UDP_CHECK and PING_CHECK against answers that lie: forged ones count for nothing, and what an attempt costs has a bound.
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { after } from 'node:test';
import { attempt, garbage, SHORT, SHORTEST } from '../../../../test/support/hostile.js';
import { everywhere, type There } from '../../../../test/support/hostile-places.js';
import type { Outcome } from '../../../control/check/messages.js';
import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import { openFds } from '../../../sys/fd.js';

after(() => assert.deepEqual(openFds(), []));

type Answer = (query: Buffer, answer: (bytes: Uint8Array) => void, from: RemoteInfo, server: Socket) => void;

async function outcomeAt({ at }: There, check: CheckKind, behave: Answer, more = {}): Promise<Outcome> {
  const server = createSocket(isIPv4(at.host) ? 'udp4' : 'udp6');
  server.on('error', () => {});
  server.on('message', (query, from) => behave(query, (bytes) => server.send(bytes, from.port, from.address, () => {}), from, server));
  await new Promise<void>((done) => server.bind(0, at.host, done));
  try {
    return await attempt(check, server.address().port, more, at);
  } finally {
    await new Promise<void>((done) => server.close(done));
  }
}

const DNS: CheckKind = { kind: 'dns', type: 'A', name: 'www.example.org' };
const SILENCE = { kind: 'failure', text: 'read timeout from socket' };

/** The query as an answer with these flags. */
function answerTo(query: Buffer, flags: number, number = query.readUInt16BE(0)): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(number, 0);
  answer.writeUInt16BE(flags, 2);
  return answer;
}

everywhere('DNS: what is no answer to the query is waited past, to the end of the time', {}, async (there) => {
  const outcomeOf = (check: CheckKind, behave: Answer, more = {}) => outcomeAt(there, check, behave, more);
  const lies: readonly ((query: Buffer) => Uint8Array)[] = [
    () => new Uint8Array(0),
    (query) => query.subarray(0, 11),
    (query) => query,
    (query) => answerTo(query, 0x8180, query.readUInt16BE(0) ^ 1),
    (query) => answerTo(query, 0x8183, query.readUInt16BE(0) ^ 0x8000),
    (query) => garbage(query.length, 3).map((byte, index) => (index === 2 ? byte & 0x7f : byte)),
  ];
  for (const lie of lies) assert.deepEqual(await outcomeOf(DNS, (query, answer) => answer(lie(query)), SHORTEST), SILENCE);
  const later = await outcomeOf(DNS, (query, answer) => {
    for (const lie of lies) answer(lie(query));
    answer(answerTo(query, 0x8180));
  });
  assert.deepEqual(later, { kind: 'success' });
});

everywhere('DNS: an answer with loops, lies about its length, or a flag of truncation is judged by its header alone', {}, async (there) => {
  const outcomeOf = (check: CheckKind, behave: Answer, more = {}) => outcomeAt(there, check, behave, more);
  const loop = Uint8Array.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0xff, 0xff]);
  for (const [flags, wanted] of [
    [0x8180, { kind: 'success' }],
    [0x8380, { kind: 'success' }],
    [0x8182, { kind: 'failure', text: 'read error occurred. (rcode = 2)' }],
    [0x818f, { kind: 'failure', text: 'read error occurred. (rcode = 15)' }],
  ] as const) {
    const outcome = await outcomeOf(DNS, (query, answer) => {
      const begin = answerTo(query, flags);
      begin.writeUInt16BE(0xffff, 6);
      answer(Buffer.concat([begin, ...Array.from({ length: 100 }, () => loop)]));
    });
    assert.deepEqual(outcome, wanted);
  }
});

everywhere('DNS: a flood of forged answers ends with the time, as silence does', {}, async (there) => {
  const outcomeOf = (check: CheckKind, behave: Answer, more = {}) => outcomeAt(there, check, behave, more);
  let flooding = true;
  let sent = 0;
  const flooded = await outcomeOf(
    DNS,
    (query, answer) => {
      const forged = Buffer.alloc(60_000, 0xff);
      forged.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
      const flood = (): void => {
        for (let count = 0; flooding && count < 20; count++) answer(forged);
        sent += 20;
        if (flooding) setImmediate(flood);
      };
      flood();
    },
    SHORTEST,
  ).finally(() => {
    flooding = false;
  });
  assert.deepEqual(flooded, SILENCE);
  assert.ok(sent > 0);
});

const UDP: CheckKind = { kind: 'udp', requireReply: true, minReply: 2, maxReply: 4, payload: '6869', reply: '68xx' };

everywhere('UDP: an answer from elsewhere is none; one that is too long, too short or other bytes fails', {}, async (there) => {
  const outcomeOf = (check: CheckKind, behave: Answer, more = {}) => outcomeAt(there, check, behave, more);
  const elsewhere = await outcomeOf(
    UDP,
    (query, _, from) => {
      const other = createSocket(isIPv4(there.at.host) ? 'udp4' : 'udp6');
      other.bind(0, there.at.other, () => other.send(query, from.port, from.address, () => other.close()));
    },
    SHORT,
  );
  assert.deepEqual(elsewhere, { kind: 'failure', text: 'failed' });
  for (const [bytes, wanted] of [
    ['hi', { kind: 'success' }],
    ['h', { kind: 'failure', text: 'reply data mismatch' }],
    ['', { kind: 'failure', text: 'reply data mismatch' }],
    ['hello', { kind: 'failure', text: 'reply data mismatch' }],
    ['ih', { kind: 'failure', text: 'reply data mismatch' }],
  ] as const) {
    assert.deepEqual(await outcomeOf(UDP, (_, answer) => answer(Buffer.from(bytes))), wanted, bytes);
  }
  assert.deepEqual(await outcomeOf(UDP, (_, answer) => answer(Buffer.alloc(65_000, 'h'))), {
    kind: 'failure',
    text: 'reply data mismatch',
  });
});
