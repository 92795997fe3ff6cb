import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../control/vrrp/messages.js';
import { advertsFirst } from './adverts-first.js';

const line = (text: string): Effect => ({ kind: 'log', level: 'info', text });
const advert = (id: number): Effect => ({
  kind: 'send',
  instance: 'V',
  interface: 'eth0',
  source: { family: 'inet', words: [1] },
  destination: { family: 'inet', words: [2] },
  ttl: 255,
  protocol: 112,
  id,
  payload: new Uint8Array(),
});
const hold: Effect = { kind: 'addresses', action: 'add', instance: 'V', interface: 'eth0', addresses: [] };

test('adverts overtake log lines and nothing else', () => {
  assert.deepEqual(advertsFirst([line('a'), line('b'), advert(1), hold, line('c'), advert(2)]), [
    advert(1),
    line('a'),
    line('b'),
    hold,
    advert(2),
    line('c'),
  ]);
  assert.deepEqual(advertsFirst([hold, advert(1), line('a')]), [hold, advert(1), line('a')]);
});
