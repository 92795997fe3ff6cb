import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { defaultProxying } from '../../model/layer7/defaults.js';
import { conditionOf } from './attempts.js';

/** The servers that two requests behind one that the first server answers with this status are sent to. */
function askedAfter(status: number): readonly string[] {
  const bed = new ProxyBed({
    servers: 2,
    proxying: { retry: { ...defaultProxying.retry, on: [conditionOf(status)!] } },
    pool: { keepAlive: { connections: 0, requests: 1, idleUs: 1, lifeUs: 1, reuse: 'pool' } },
  });
  let answered = 0;
  for (let request = 0; request < 3; request++) {
    bed.feed(bed.client(), 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    for (; answered < bed.servers.length; answered++)
      bed.feed(bed.servers[answered]!, `HTTP/1.1 ${answered === 0 ? status : 200} X\r\nContent-Length: 0\r\n\r\n`);
  }
  return bed.servers.slice(2).map(({ server }) => server!.name);
}

test('the next server is asked for 404, and the one that answered so has not failed', () => {
  assert.deepEqual(askedAfter(404).toSorted(), ['s1', 's2']);
  assert.deepEqual(askedAfter(403).toSorted(), ['s1', 's2']);
  assert.deepEqual(askedAfter(500), ['s2', 's2']);
});
