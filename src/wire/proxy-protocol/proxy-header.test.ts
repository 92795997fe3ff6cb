import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { parseAddress } from '../../model/address-text.js';
import { crc32c, crc32cAround } from '../crc32c.js';
import { type ProxiedConnection, proxyHeader, proxyLine, readProxyHeader } from './proxy-header.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const read = (text: string): ReturnType<typeof readProxyHeader> => readProxyHeader(bytesOf(text));
const address = (text: string) => parseAddress(text)!;
const four: ProxiedConnection = {
  source: address('192.0.2.1'),
  sourcePort: 1024,
  destination: address('198.51.100.2'),
  destinationPort: 80,
};
const six: ProxiedConnection = { ...four, source: address('2001:db8::1'), destination: address('2001:db8::2') };

test('both versions are read as they were written, for both families', () => {
  for (const connection of [four, six]) {
    for (const bytes of [proxyLine(connection), proxyHeader(connection)])
      assert.deepEqual(readProxyHeader(Buffer.concat([bytes, bytesOf('GET /')])), { kind: 'header', length: bytes.length, connection });
  }
  assert.equal(Buffer.from(proxyLine(four)).toString(), 'PROXY TCP4 192.0.2.1 198.51.100.2 1024 80\r\n');
  assert.equal(Buffer.from(proxyHeader(four)).toString('hex'), '0d0a0d0a000d0a515549540a2111000cc0000201c633640204000050');
});

test('ends of two families are no connection', () => {
  const mixed = { ...four, destination: six.destination };
  for (const bytes of [proxyLine(mixed), proxyHeader(mixed)])
    assert.deepEqual(readProxyHeader(bytes), { kind: 'header', length: bytes.length, connection: undefined });
});

test('a header is incomplete until its last byte', () => {
  for (const bytes of [proxyLine(six), proxyHeader(six)])
    for (let end = 0; end < bytes.length; end++) assert.equal(readProxyHeader(bytes.subarray(0, end)).kind, 'incomplete', `${end}`);
});

test('every deviation is refused', () => {
  for (const text of [
    'PROXY TCP4 192.0.2.1 198.51.100.2 1024 080\r\n',
    'PROXY TCP4 192.0.2.1  198.51.100.2 1024 80\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.2 1024 65536\r\n',
    'PROXY TCP6 192.0.2.1 198.51.100.2 1024 80\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.2 1024 80 \r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.2 1024 80\n',
    'PROXY UDP4 192.0.2.1 198.51.100.2 1024 80\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
    'POST / HTTP/1.1\r\n',
    'GET / HTTP/1.1\r\n',
  ])
    assert.equal(read(text).kind, 'invalid', text);
  const broken = (at: number, value: number): Uint8Array => Object.assign(Uint8Array.from(proxyHeader(four)), { [at]: value });
  assert.equal(readProxyHeader(broken(12, 0x31)).kind, 'invalid');
  assert.equal(readProxyHeader(broken(15, 11)).kind, 'invalid');
  assert.equal(readProxyHeader(broken(14, 0xff)).kind, 'invalid');
});

test('LOCAL and families without ports have no connection, and their length is skipped', () => {
  const local = Buffer.from('0d0a0d0a000d0a515549540a20000003aabbcc', 'hex');
  assert.deepEqual(readProxyHeader(local), { kind: 'header', length: 19, connection: undefined });
});

test('the CRC32C is checked where there is one', () => {
  assert.equal(crc32c(bytesOf('123456789')), 0xe3069283);
  const header = Buffer.concat([proxyHeader(four), Buffer.from('03000400000000', 'hex')]);
  header.writeUInt16BE(12 + 7, 14);
  assert.equal(readProxyHeader(header).kind, 'invalid');
  header.writeUInt32BE(crc32cAround(header, 31), 31);
  assert.equal(readProxyHeader(header).kind, 'header');
});

test('no bytes make the reader fail', () => {
  const start = fc.constantFrom(bytesOf('PROXY TCP4 '), Buffer.from('0d0a0d0a000d0a515549540a2111', 'hex'), new Uint8Array());
  fc.assert(fc.property(start, fc.uint8Array({ maxLength: 60 }), (head, rest) => void readProxyHeader(Buffer.concat([head, rest]))));
});
