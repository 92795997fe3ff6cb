// Heads of the largest size that is allowed, and what a route makes of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { HEAD_MAX_BYTES } from '../../model/layer7/defaults.js';
import { templateOf } from '../../model/layer7/template.js';
import { Slab } from './edge.js';

const limits = { headMaxBytes: HEAD_MAX_BYTES, fieldsMax: 100 };
const FIELD_BYTES = 8000;
const value = 'v'.repeat(FIELD_BYTES);
const head = (fields: number, method = 'GET'): string =>
  `${method} / HTTP/1.1\r\nHost: h\r\n${Array.from({ length: fields }, (_, index) => `X-${index}: ${value}\r\n`).join('')}`;

test('a head of nearly the largest size is passed on, also where much comes behind its last byte', () => {
  const asked = `${head(16, 'POST')}Content-Length: 100000\r\n\r\n`;
  assert.ok(asked.length < HEAD_MAX_BYTES && asked.length > HEAD_MAX_BYTES - FIELD_BYTES);
  const body = 'b'.repeat(100_000);
  const bed = new ProxyBed({ servers: 1, limits });
  bed.feed(bed.client(), asked.slice(0, 5), asked.slice(5, -1), `${asked.slice(-1)}${body}`);
  const { received } = bed.servers[0]!;
  for (let index = 0; index < 16; index++) assert.ok(received.includes(`\r\nX-${index}: ${value}\r\n`), `field ${index}`);
  assert.ok(received.endsWith(`\r\n\r\n${body}`));
});

test('a head that is longer is refused', () => {
  const bed = new ProxyBed({ servers: 1, limits });
  const client = bed.client();
  const asked = head(20);
  for (let at = 0; at < asked.length && !client.isClosed; at += 1000) bed.feed(client, asked.slice(at, at + 1000));
  assert.match(client.received, /^HTTP\/1\.1 431 /);
  assert.equal(bed.servers.length, 0);
});

test('a route may make more of a head than the slab has room for', () => {
  const requestFields = Array.from({ length: 90 }, (_, index) => ({ name: `Y-${index}`, value: templateOf('$http_x_0') }));
  const bed = new ProxyBed({ servers: 1, limits, proxying: { requestFields } });
  bed.feed(bed.client(), `${head(1)}\r\n`);
  const { received } = bed.servers[0]!;
  assert.ok(received.length > Slab.stageBytes * 2);
  for (let index = 0; index < 90; index++) assert.ok(received.includes(`\r\nY-${index}: ${value}\r\n`), `field ${index}`);
  assert.ok(received.endsWith('\r\n\r\n'));
});
