import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { NeedsHost, SystemNames } from './resolver.js';

const bytesOf = (name: string): number[] => [...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0];

/** A name server's answer to the first question of `query`: one record of the type asked for (RFC 1035 §4). */
function answer(query: Buffer, data: readonly number[]): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const type = query.readUInt16BE(end - 4);
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  head.writeUInt16BE(0, 10);
  const record = [0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255, ...data];
  return Buffer.concat([head, query.subarray(12, end), Buffer.from(record)]);
}

/** The name that a query asks for. */
function nameOf(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0 && at < query.length; at += (query[at] ?? 0) + 1) {
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  }
  return labels.join('.');
}

/** Runs `work` beside a name server on loopback. `data`: the record for a name; undefined: no answer ever. */
async function withServer(
  data: (name: string) => readonly number[] | undefined,
  work: (names: SystemNames, asked: readonly string[]) => Promise<void>,
): Promise<void> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { address: host, port }) => {
    const name = nameOf(query);
    asked.push(name);
    const found = data(name);
    if (found !== undefined) socket.send(answer(query, found), port, host);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  try {
    await work(new SystemNames([`127.0.0.1:${socket.address().port}`]), asked);
  } finally {
    socket.close();
  }
}

test("addresses' names are asked for once each", async () => {
  await withServer(
    (name) => (name === '1.1.0.10.in-addr.arpa' ? bytesOf('web.example') : bytesOf('other.example')),
    async (names, asked) => {
      const [web, other] = [ip('10.0.1.1'), ip('2001:db8::77')];
      await names.resolveAddresses([web, web, other]);
      assert.equal(names.addressName(web), 'web.example');
      assert.equal(names.addressName(other), 'other.example');
      await names.resolveAddresses([web]);
      assert.equal(asked.length, 2);
    },
  );
});

test('a name of DNS that is no host name is not shown: its words would be options to who reads the line', async () => {
  const names: Readonly<Record<string, string>> = { 1: 'x -w 0', 2: '-A', 3: 'a\nb', 4: 'a;b.example', 5: 'a_b-1.example' };
  await withServer(
    (name) => bytesOf(names[name.charAt(0)] ?? ''),
    async (found) => {
      const all = Object.keys(names).map((last) => ip(`10.0.1.${last}`));
      await found.resolveAddresses(all);
      assert.deepEqual(
        all.map((one) => found.addressName(one)),
        [undefined, undefined, undefined, undefined, 'a_b-1.example'],
      );
    },
  );
});

test("a host name's address", async () => {
  await withServer(
    (name) => (name === 'web.weir.test' ? [10, 0, 1, 1] : undefined),
    async (names) => {
      assert.throws(() => names.host('web.weir.test'), NeedsHost);
      await names.resolveHost('web.weir.test');
      assert.deepEqual(names.host('web.weir.test'), ip('10.0.1.1'));
    },
  );
});

test('a name server that never answers is not waited for for ever', async () => {
  await withServer(
    () => undefined,
    async (names, asked) => {
      const list = Array.from({ length: 500 }, (_, index) => ip(`10.9.${index >> 8}.${index & 255}`));
      await names.resolveAddresses(list);
      assert.equal(names.addressName(ip('10.9.0.1')), undefined);
      const before = asked.length;
      await names.resolveAddresses([ip('10.9.9.9')]);
      assert.equal(asked.length, before, 'the next addresses of a listing are not waited for again');
      await names.resolveHost('nobody.weir.test');
      assert.equal(names.host('nobody.weir.test'), undefined);
      assert.ok(asked.length > 0);
    },
  );
});

test('what cannot be a host name is not looked up', () => {
  const names = new SystemNames(['127.0.0.1:9']);
  for (const text of ['', ':', '::1', 'a b', '-a', 'a/b', 'é']) assert.equal(names.host(text), undefined, text);
});
