import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { callIdOf } from './call-id.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const START = 'INVITE sip:bob@example.net SIP/2.0\r\n';
const idOf = (rest: string): string | undefined => callIdOf(bytesOf(`${START}${rest}`));

test('the Call-ID stands behind its name, long or short, in any case and with any line ends', () => {
  for (const text of [
    'Call-ID: a@b\r\n',
    'i:a@b\r\n',
    'CALL-id\t : a@b\n',
    'Via: x\rI: a@b\r',
    'Call-ID:\r\n a@b\r\n\r\n',
    'Call-ID:\r\n\r\n \ta@b\n',
  ])
    assert.equal(idOf(text), 'a@b', JSON.stringify(text));
});

test('each character of a word, and no other one', () => {
  const word = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((c) => idOf(`i:${c}\r\n`) === c);
  assert.equal(word.join(''), '!"%\'()*+-./0123456789:<>?ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]_`abcdefghijklmnopqrstuvwxyz{}~');
});

test('the first one that can be used counts', () => {
  assert.equal(idOf(`Call-ID: a b\r\ni: ${'x'.repeat(256)}\r\nCall-ID: c@\r\ni: d\r\ni: e\r\n`), 'd');
});

test('none: cut off, in the first line, behind 4,096 bytes, or of no message at all', () => {
  assert.equal(idOf('Call-ID: a@b'), undefined);
  assert.equal(callIdOf(bytesOf('Call-ID: a@b\r\n')), undefined);
  assert.equal(idOf(`Subject: ${'x'.repeat(4096)}\r\nCall-ID: a@b\r\n`), undefined);
  for (const fill of ['x', '\r\n', 'i:', 'Call-ID', '\ni', '\ni:\n ', '\ni:a@']) {
    assert.equal(callIdOf(bytesOf(fill.repeat(65_507 / fill.length))), undefined, JSON.stringify(fill));
  }
});

test('512 characters behind the names are looked at, and no more', () => {
  const last = `\r\nCall-ID:${' '.repeat(255)}${'x'.repeat(255)}`;
  assert.equal(idOf(`${last}\r\n`)?.length, 255);
  assert.equal(idOf(`${last.replace(':', ': ')}\r\n`), undefined);
  assert.equal(idOf(`${'Call-ID: a@\r\n'.repeat(100)}Call-ID: a@b\r\n`), 'a@b', '100 times 5');
  assert.equal(idOf(`${'Call-ID: a@\r\n'.repeat(102)}Call-ID: a@b\r\n`), undefined);
  assert.equal(idOf(`${'Cal:\r\nCall-Info: x\r\nIdentity: i\r\n'.repeat(100)}Call-ID: a@b\r\n`), 'a@b', 'other names are none of them');
});

test('a property: whatever surrounds it, a Call-ID is found whole', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9.!%*_+-]{1,60}$/);
  const line = fc.stringMatching(/^[A-Zj-z][a-z;= ]{0,40}$/);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), word, word, fc.string(), (before, name, domain, after) => {
      assert.equal(
        idOf(`${[...before.map((each) => `X-${each}`), `Call-ID: ${name}@${domain}`].join('\r\n')}\r\n${after}`),
        `${name}@${domain}`,
      );
    }),
  );
});
