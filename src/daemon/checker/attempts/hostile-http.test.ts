// HTTP_GET against servers that answer as none should: what an attempt costs has a bound, and its outcome is a failure.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after } from 'node:test';
import {
  asked,
  BUFFERS,
  bytes,
  drip,
  endless,
  fails,
  garbage,
  HEAD,
  MIB,
  page,
  reset,
  SHORT,
  SHORTEST,
} from '../../../../test/support/hostile.js';
import { everywhere } from '../../../../test/support/hostile-places.js';
import { openFds } from '../../../sys/fd.js';

after(() => assert.deepEqual(openFds(), []));

const SUCCESS = { kind: 'success', text: 'HTTP status code' } as const;

everywhere('an HTTP server that sends a byte now and then: head, then body', {}, async ({ outcomeOf }) => {
  assert.deepEqual(await outcomeOf((socket) => drip(socket, 'X-Slow: 1\r\n', 10), page(), SHORTEST), fails('Timeout HTTP read'));
  const body = (socket: Socket): void => {
    socket.write(`${HEAD}\r\n`);
    drip(socket, 'slow', 10);
  };
  assert.deepEqual(await outcomeOf(body, page(), SHORTEST), fails('Timeout HTTP read'));
});

everywhere('an HTTP server whose head has no end: lines, or one line of a GiB', {}, async ({ judged }) => {
  for (const line of ['X-Endless: 1\r\n', 'x']) {
    const { outcome, written } = await judged(page(), (socket) => {
      socket.write(HEAD);
      endless(socket, bytes(line.repeat(65_536 / line.length)));
    });
    assert.deepEqual(outcome, fails('HTTP header too long from'));
    assert.ok(written < BUFFERS, `${written} of 2^30 bytes were sent`);
  }
});

everywhere('an HTTP server whose body has no end', {}, async ({ judged }) => {
  const behave = (socket: Socket): void => {
    socket.write(`${HEAD}\r\n`);
    endless(socket, new Uint8Array(MIB));
  };
  const { outcome, written } = await judged(page(), behave);
  assert.deepEqual(outcome, fails('HTTP body too long from'));
  assert.ok(written < 64 * MIB + BUFFERS, `${written} bytes were sent`);
});

everywhere('an HTTP server that goes on with 100 Continue for ever: the first status counts', {}, async ({ outcomeOf, judged }) => {
  const behave = (socket: Socket): void => endless(socket, bytes('HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000)));
  const { written, outcome } = await judged(page(), behave);
  assert.equal(outcome.kind, 'failure');
  assert.ok(written < 64 * MIB + BUFFERS, `${written} bytes were sent`);
  const one = asked((socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'));
  assert.deepEqual(await outcomeOf(one), fails('HTTP status code error to'));
});

everywhere('an HTTP server that answers with garbage', {}, async ({ outcomeOf }) => {
  for (let seed = 1; seed <= 20; seed++) {
    const outcome = await outcomeOf((socket) => socket.end(garbage(5000, seed)));
    assert.equal((outcome as { kind: string }).kind, 'failure');
  }
  for (const head of ['\r\n\r\n', 'HTTP/1.1 20\r\n\r\n', 'HTTP/1.1 2000 OK\r\n\r\n', 'HTTP/1.1 -200 OK\r\n\r\n', 'HTTP/9\0 200\r\n\r\n'])
    assert.deepEqual(await outcomeOf(asked((socket) => socket.end(head))), fails('HTTP status code error to'), head);
});

everywhere(
  'an HTTP server that resets the connection: at its begin, at the request, in the head, in the body',
  {},
  async ({ outcomeOf }) => {
    const begun = (await outcomeOf(reset)) as { text: string };
    assert.ok(['Connection failed', 'Read error with', 'Cannot send get request to'].includes(begun.text), begun.text);
    assert.deepEqual(await outcomeOf(asked(reset)), fails('Read error with'));
    for (const text of [HEAD, `${HEAD}Content-Length: 10\r\n\r\nhalf`]) {
      const later = asked((socket) => socket.write(text, () => setTimeout(() => reset(socket), 20)));
      assert.deepEqual(await outcomeOf(later), fails('Read error with'));
    }
  },
);

everywhere('an HTTP server that sends no more and reads no more: at its begin, in the head', {}, async ({ outcomeOf }) => {
  assert.deepEqual(await outcomeOf((socket) => socket.end()), fails('Read, no data received from '));
  assert.deepEqual(await outcomeOf(asked((socket) => socket.end(HEAD))), fails('Read, no data received from '));
  assert.deepEqual(await outcomeOf((socket) => socket.pause(), page(), SHORT), fails('Timeout WEB read'));
});

everywhere(
  'an HTTP server that answers before it is asked, or lies about lengths and chunks: what is judged is there',
  {},
  async ({ outcomeOf }) => {
    assert.deepEqual(await outcomeOf((socket) => socket.end(`${HEAD}\r\nhello`)), SUCCESS);
    const digest = '5d41402abc4b2a76b9719d911017c592';
    for (const [lines, wanted] of [
      ['Content-Length: 5\r\n', { kind: 'success', text: 'MD5 digest' }],
      ['Content-Length: 999999999999999\r\n', { kind: 'success', text: 'MD5 digest' }],
      ['Content-Length: -1\r\n', { kind: 'success', text: 'MD5 digest' }],
      ['Content-Length: 99999999999999999999\r\n', { kind: 'success', text: 'MD5 digest' }],
      ['Content-Length: 0\r\n', fails('MD5 digest error to')],
    ] as const) {
      assert.deepEqual(
        await outcomeOf(
          asked((socket) => socket.end(`${HEAD}${lines}\r\nhello`)),
          page({ digest }),
        ),
        wanted,
        lines,
      );
    }
    const chunks = asked((socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello`));
    assert.deepEqual(await outcomeOf(chunks, page({ digest })), fails('MD5 digest error to'));
    assert.deepEqual(await outcomeOf(chunks), SUCCESS);
  },
);

everywhere('an HTTP server whose page is made to keep an expression busy', {}, async ({ outcomeOf }) => {
  const regex = { pattern: '^(a+)+$', options: [], negate: false, minOffset: 0 };
  const outcome = await outcomeOf(
    asked((socket) => socket.end(`${HEAD}\r\n${'a'.repeat(100_000)}b`)),
    page({ regex }),
  );
  assert.match((outcome as { text: string }).text, /^Regex match failed/);
});
