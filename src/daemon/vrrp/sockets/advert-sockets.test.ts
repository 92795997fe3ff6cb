import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../model/address-text.js';
import { AdvertSockets } from './advert-sockets.js';

test('an advert for an interface that is not there is logged once, with the reason in words', () => {
  const lines: string[] = [];
  const events = { packet: () => {}, opened: () => {}, log: (_: string, text: string) => void lines.push(text) };
  const sockets = new AdvertSockets({ byName: () => undefined } as never, events);
  const address = parseAddress('192.0.2.1');
  const send = { kind: 'send', instance: 'VI_1', interface: 'gone', destination: address, source: address } as never;
  sockets.send(send);
  sockets.send(send);
  sockets.close();
  assert.deepEqual(lines, ['(VI_1): send advert error 19 (no such interface)']);
});
