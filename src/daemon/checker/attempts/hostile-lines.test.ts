// SMTP_CHECK and TCP_CHECK against servers that answer as none should: what an attempt costs has a bound.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after } from 'node:test';
import { asked, BUFFERS, bytes, drip, endless, garbage, reset, SHORT, SHORTEST } from '../../../../test/support/hostile.js';
import { everywhere, type There } from '../../../../test/support/hostile-places.js';
import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import { openFds } from '../../../sys/fd.js';

const SMTP: CheckKind = { kind: 'smtp' };

after(() => assert.deepEqual(openFds(), []));

async function failureAt({ outcomeOf }: There, behave: (socket: Socket) => void, more = {}): Promise<string> {
  const outcome = await outcomeOf(behave, SMTP, more);
  assert.equal(outcome.kind, 'failure');
  return 'text' in outcome ? String(outcome.text).replace(/ (from|to|for) server \[[\w.:]+\]:\d+$/, '') : '';
}

const greeted = (work: (socket: Socket) => void) => (socket: Socket) => {
  asked(work)(socket);
  socket.write('220 ready\r\n');
};

everywhere('SMTP: a line that has no end, a byte now and then or as fast as it goes', {}, async (there) => {
  const { judged } = there;
  const failureOf = (behave: (socket: Socket) => void, more = {}) => failureAt(there, behave, more);
  assert.equal(await failureOf((socket) => drip(socket, '2', 10), SHORTEST), 'Read timeout');
  const { outcome } = await judged(SMTP, (socket) => endless(socket, bytes('220'.repeat(20_000))), SHORTEST);
  assert.equal(outcome.kind, 'failure');
  assert.equal(
    await failureOf(
      greeted((socket) => drip(socket, '250', 10)),
      SHORTEST,
    ),
    'Read timeout',
  );
});

everywhere('SMTP: an answer of lines without end, or of garbage', {}, async (there) => {
  const { judged } = there;
  const failureOf = (behave: (socket: Socket) => void, more = {}) => failureAt(there, behave, more);
  const { outcome, written } = await judged(SMTP, (socket) => endless(socket, bytes('220-more\r\n'.repeat(6000))));
  assert.equal(outcome.kind, 'failure');
  assert.ok(written < BUFFERS, `${written} bytes were sent`);
  for (const line of [
    '\r\n',
    '22\r\n',
    '2200 x\r\n',
    '-220 x\r\n',
    ' 220\r\n',
    '220x\r\n',
    '\0\0\0\n',
    '550 no\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ])
    assert.equal(await failureOf((socket) => socket.write(line)), 'Bad greeting banner', JSON.stringify(line));
  for (const line of ['\r\n', '25\r\n', '550 no\r\n', '220 again\r\n'])
    assert.equal(await failureOf(greeted((socket) => socket.write(line))), 'Bad HELO response', JSON.stringify(line));
  for (let seed = 1; seed <= 20; seed++) await failureOf((socket) => socket.end(garbage(3000, seed)));
});

everywhere('SMTP: a server that resets, ends or falls silent in each phase', {}, async (there) => {
  const failureOf = (behave: (socket: Socket) => void, more = {}) => failureAt(there, behave, more);
  for (const begin of [(work: (socket: Socket) => void) => work, greeted]) {
    assert.ok(['Could not connect', 'Read failure'].includes(await failureOf(begin(reset))));
    assert.equal(await failureOf(begin((socket) => socket.end())), 'Read failure');
    assert.equal(await failureOf(begin((socket) => socket.end('2'))), 'Read failure');
    assert.equal(
      await failureOf(
        begin((socket) => socket.pause()),
        SHORT,
      ),
      'Read timeout',
    );
  }
});

everywhere('SMTP: a server that talks all at a time, before it is asked', {}, async ({ judged }) => {
  const { outcome } = await judged(SMTP, (socket) => socket.write('220 a\r\n250 b\r\n221 c\r\n'), SHORT);
  assert.equal(outcome.kind, 'failure', 'what was said before HELO is no answer to it');
});

everywhere('TCP: whatever comes behind the connection is not read', {}, async ({ judged }) => {
  for (const behave of [reset, (socket: Socket) => socket.end(), (socket: Socket) => endless(socket, garbage(65_536, 1))]) {
    const { outcome, written } = await judged({ kind: 'tcp' }, behave);
    assert.ok(outcome.kind === 'success' || behave === reset, outcome.kind);
    assert.ok(written < BUFFERS, `${written} bytes were sent`);
  }
});
