// genhash: its command line, and how -v prints bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, type PageRequest, readOptions } from './options.js';
import { hexDump } from './transcript.js';

function page(...args: readonly string[]): PageRequest {
  const asked: Asked = readOptions(['-s', '192.0.2.1', '-p', '80', '-u', '/', ...args]);
  assert.ok(asked.kind === 'page', args.join(' '));
  return asked.page;
}

test('what is asked for, and the defaults', () => {
  const plain = page();
  assert.deepEqual(
    [plain.port, plain.path, plain.tls, plain.sni, plain.mark, plain.protocol, plain.verbose],
    [80, '/', false, false, 0, '1.0', false],
  );
  assert.equal(page('-ISv').tls, true);
  assert.equal(page('-P', '1.0c').protocol, '1.0C');
  assert.equal(page('-u', '/last').path, '/last');
  assert.deepEqual([page('-m', '4294967301').mark, page('-m', '').mark], [5, 0]);
});

test('a timeout is at most what 32 bits of microseconds hold, and that without -t', () => {
  assert.deepEqual(
    [page('-t', '3'), page(), page('-t', '99999999')].map(({ timeoutUs }) => timeoutUs),
    [3_000_000, 4_294_967_295, 4_294_967_295],
  );
});

test('a dump: sixteen bytes a line, the last one filled up, offsets in decimal of 16 bits', () => {
  assert.equal(hexDump(Uint8Array.of(0x41, 0x0a, 0xff)), `0000  41 0a ff${' '.repeat(15)} -${' '.repeat(24)}   A..${' '.repeat(13)}\n`);
  const lines = hexDump(new Uint8Array(65_537).fill(0x20)).split('\n');
  assert.deepEqual([lines[1]?.slice(0, 8), lines[4096]?.slice(0, 8)], ['0016  20', '0000  20']);
});
