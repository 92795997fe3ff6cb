import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { defaultProxying } from '../../model/layer7/defaults.js';
import { Attempt } from '../layer7/pool/attempt.js';
import { conditionOf } from './tries.js';

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

test('a connection that this host has no descriptor for is no failure of a server', () => {
  const bed = new ProxyBed({ servers: 2 });
  const ask = (): string => {
    const client = bed.client('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    if (!bed.edge.isExhausted) bed.feed(bed.servers.at(-1)!, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    return client.received.slice(9, 12);
  };
  bed.edge.isExhausted = true;
  assert.deepEqual([ask(), ask(), ask()], ['502', '502', '502']);
  const { ending, tries, cause } = bed.edge.records[0]!;
  assert.deepEqual([ending, tries, cause], ['connect-failed', 1, 'no descriptor or memory for a connection: error 24']);
  bed.edge.isExhausted = false;
  assert.deepEqual([ask(), ask()], ['200', '200']);
});

test('the log and the operator learn why no server was left', () => {
  const bed = new ProxyBed({ servers: 3, explainToken: 'secret' });
  const chooser = bed.router.chooser('p')!;
  const ask = (): string => {
    const client = bed.client();
    bed.feed(client, 'GET / HTTP/1.1\r\nHost: h\r\nWeir-Explain: secret\r\n\r\n');
    for (const server of bed.servers) bed.break(server);
    const [cause, { cause: logged }] = [/\r\nWeir-Cause: (.*)\r\n/.exec(client.received)?.[1], bed.edge.records.at(-1)!];
    assert.equal(cause, logged);
    return logged;
  };
  chooser.setHealth(0, false);
  chooser.setWeight(1, 0);
  assert.equal(ask(), "error 104 of the server's connection; no server of the pool is eligible: 1 unhealthy, 1 drained, 1 tried");
  assert.equal(ask(), 'no server of the pool is eligible: 1 unhealthy, 1 drained, 1 failed');
  assert.equal(new ProxyBed({ servers: 0 }).router.chooser('p')?.whyNone(new Attempt(), 0), '');
});

test('a server to which no local port is left is not down: the next one is asked, and it gets requests as soon as there is a port', () => {
  const bed = new ProxyBed({ servers: 2 });
  bed.edge.refusal = -99;
  const client = bed.client();
  const ask = (): void => bed.feed(client, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  bed.edge.refusing.add('s1');
  ask();
  assert.equal(bed.servers[0]?.server?.name, 's2');
  bed.feed(bed.servers[0]!, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  bed.end(bed.servers[0]!);
  bed.edge.refusing.add('s2');
  ask();
  assert.match(bed.edge.records.at(-1)?.cause ?? '', /^no port or route for a connection: error 99; .*2 tried$/);
  bed.edge.refusing.clear();
  for (const name of ['s1', 's2']) {
    ask();
    const server = bed.servers.at(-1)!;
    assert.equal(server.server?.name, name);
    bed.feed(server, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    bed.end(server);
  }
});
