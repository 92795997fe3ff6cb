// The command as `weir sim packets` runs it: shares by weight, clients that a change of the pool moves, captures.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breadth, test } from '../../../test/support/breadth.js';
import { type Endpoint, generatedLoad, type Sent } from '../../sim/packets/load.js';
import type { Replayed } from '../../sim/packets/replay.js';
import { concat } from '../../wire/bytes.js';
import { memoryIo } from '../io.js';
import { run } from './sim.js';

async function output(...args: readonly string[]): Promise<string> {
  const io = memoryIo();
  assert.equal(await run(['packets', ...args], io), 0, io.stderr);
  return io.stdout;
}

async function results(...args: readonly string[]): Promise<readonly Replayed[]> {
  const { results: found }: { results: readonly Replayed[] } = JSON.parse(await output(...args, '--json'));
  return found;
}

async function failure(...args: readonly string[]): Promise<string> {
  const io = memoryIo();
  assert.equal(await run(['packets', ...args], io), 2);
  assert.equal(io.stdout, '');
  return io.stderr;
}

const words = (...values: readonly number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);

/** A pcap file of a load: with Ethernet headers, in the order of this machine. */
function captureOf(load: readonly Sent[]): Uint8Array {
  const records = load.map(({ at, frame }) => concat(words(Math.floor(at), Math.floor((at % 1) * 1e6), frame.length, frame.length), frame));
  return concat(words(0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1), ...records);
}

test('shares follow the weights, or do not, by scheduler', async () => {
  const [rr, wrr] = await results('--servers', '192.0.2.11*1,192.0.2.12*3', '--schedulers', 'rr,wrr', '--requests', '400');
  assert.deepEqual(
    [rr, wrr].map((each) => each?.servers.map(({ connections }) => connections)),
    [
      [200, 200],
      [100, 300],
    ],
  );
});

test('every scheduler but ovf, which fills servers by weight, serves all; the same load gives the same answer', async () => {
  const all = await results('--requests', '200', '--users', '50');
  for (const { scheduler, connections, refused } of all) {
    assert.equal(connections + refused, 200, scheduler);
    assert.equal(refused > 0, scheduler === 'ovf', scheduler);
  }
  assert.equal(all.length, 14);
  assert.deepEqual(await results('--requests', '200', '--users', '50'), all);
});

test('a removed server moves its own clients alone under mh, nearly; most of them under rr', async () => {
  const [mh, rr] = await results('--schedulers', 'mh,rr', '--requests', '1000', '--remove', '192.0.2.14');
  assert.ok(mh?.moved !== undefined && rr?.moved !== undefined);
  assert.ok(mh.moved.necessary > 0.15 * mh.clients && mh.moved.necessary < 0.35 * mh.clients);
  assert.ok(mh.moved.clients < mh.moved.necessary * 1.5, `mh moved ${mh.moved.clients}, ${mh.moved.necessary} had to`);
  assert.ok(rr.moved.clients > 0.5 * rr.clients, `rr moved ${rr.moved.clients} of ${rr.clients}`);
});

test('a server of weight 0 is refused to all; without another one they are refused', async () => {
  const [wlc] = await results('--schedulers', 'wlc', '--servers', '192.0.2.11*0', '--requests', '10');
  assert.deepEqual([wlc?.connections, wlc?.refused], [0, 10]);
});

test('the text has a row for each scheduler', async () => {
  const text = await output('--schedulers', 'rr,sh', '--requests', '100', '--add', '192.0.2.20*2');
  assert.match(
    text,
    /^100 requests of 500 users in 60 s \(seed 1\); then the same again, 192\.0\.2\.20 added\n\nscheduler {2}192\.0\.2\.11\*1 /,
  );
  assert.match(text, /\nrr +25\.0% +25\.0% +25\.0% +25\.0% +100 +0 +\d+\.\d% +0\.0%\nsh +/);
});

test('a capture is what the load is: the same packets, the same answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-sim-'));
  try {
    const service = { protocol: 'tcp', address: { family: 'inet', words: [0xc0000201] }, port: 80 } as const;
    const path = join(folder, 'load.pcap');
    writeFileSync(path, captureOf(generatedLoad(service, { users: 500, requests: 300, seconds: 60, seed: 1 })));
    const [captured] = await results('--pcap', path, '--service', '192.0.2.1:80', '--schedulers', 'sh');
    const [generated] = await results('--requests', '300', '--schedulers', 'sh');
    assert.deepEqual(
      captured?.servers.map(({ connections }) => connections),
      generated?.servers.map(({ connections }) => connections),
    );
    const [other, udp] = await Promise.all(['192.0.2.9:80', 'udp:192.0.2.1:80'].map((name) => failure('--pcap', path, '--service', name)));
    assert.match(other ?? '', /load\.pcap has no packet to or from 192\.0\.2\.9:80 — fix: name what clients connect to/);
    assert.match(udp ?? '', /has no packet to or from udp:192\.0\.2\.1:80 /);
    assert.match(await failure('--pcap', '/dev/null', '--service', '192.0.2.1:80'), /neither pcap nor pcapng/);
    assert.match(await failure('--pcap', join(folder, 'none'), '--service', '192.0.2.1:80'), /cannot be read/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const serversOf = ({ address }: Endpoint): string =>
  [11, 12, 13, 14].map((last) => (address.family === 'inet' ? `192.0.2.${last}` : `2001:db8::${last}`)).join(',');

const SERVICES: Readonly<Record<string, Endpoint>> = {
  'udp:192.0.2.1:53': { protocol: 'udp', address: { family: 'inet', words: [0xc0000201] }, port: 53 },
  'sctp:192.0.2.1:2905': { protocol: 'sctp', address: { family: 'inet', words: [0xc0000201] }, port: 2905 },
  '[2001:db8::1]:80': { protocol: 'tcp', address: { family: 'inet6', words: [0x20010db8, 0, 0, 1] }, port: 80 },
  'sctp:[2001:db8::1]:2905': { protocol: 'sctp', address: { family: 'inet6', words: [0x20010db8, 0, 0, 1] }, port: 2905 },
  'udp:[2001:db8::1]:53': { protocol: 'udp', address: { family: 'inet6', words: [0x20010db8, 0, 0, 1] }, port: 53 },
};

/** Of each family one; the others in the long run. */
const SHORT = ['sctp:192.0.2.1:2905', 'udp:[2001:db8::1]:53'];

for (const [name, service] of Object.entries(SERVICES)) {
  (SHORT.includes(name) ? test : breadth)(
    `${name}: a generated load, a capture of it, and the clients that a removed server moves`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'weir-sim-'));
      try {
        const path = join(folder, 'load.pcap');
        writeFileSync(path, captureOf(generatedLoad(service, { users: 100, requests: 300, seconds: 60, seed: 3 })));
        const [first] = await results('--service', name, '--schedulers', 'rr', '--users', '100', '--requests', '300', '--seed', '3');
        const [captured] = await results('--pcap', path, '--service', name, '--schedulers', 'rr', '--servers', serversOf(service));
        for (const each of [first, captured])
          assert.deepEqual(
            each?.servers.map(({ server, connections }) => [server, connections]),
            serversOf(service)
              .split(',')
              .map((server) => [server, 75]),
          );
        const last = serversOf(service).split(',')[3] ?? '';
        const [mh] = await results('--service', name, '--schedulers', 'mh', '--requests', '1000', '--remove', last);
        assert.ok(mh?.moved !== undefined && mh.moved.necessary > 0.15 * mh.clients, `${mh?.moved?.necessary} of ${mh?.clients}`);
        assert.ok(mh.moved.clients < mh.moved.necessary * 1.5, `mh moved ${mh.moved.clients}, ${mh.moved.necessary} had to`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
}

test('--help names the service and the servers that are taken where none are given', async () => {
  const help = memoryIo();
  assert.equal(await run(['packets', '--help'], help), 0);
  for (const [options, head] of [
    [[], '192.0.2.11'],
    [['--service', '[2001:db8::1]:80'], '2001:db8::11'],
  ] as const) {
    const [rr] = await results(...options, '--schedulers', 'rr', '--requests', '4');
    const servers = rr?.servers.map(({ server }) => server) ?? [];
    assert.equal(servers[0], head);
    assert.ok(help.stdout.includes(`${servers[0]} to ${servers[3]}`), help.stdout);
  }
});

test('wrong words are refused', async () => {
  assert.match(await failure('more'), /^usage: weir sim packets/);
  assert.match(await failure('--users', '0'), /--users takes a whole number from 1/);
  assert.match(await failure('--servers', '192.0.2.11,192.0.2.11'), /each address once/);
  assert.match(await failure('--remove', '192.0.2.99'), /one of the servers/);
  assert.match(await failure('--add', '192.0.2.11'), /not a server yet/);
  assert.match(await failure('--pcap', '/dev/null'), /^usage/);
  assert.match(await failure('--pcap', '/dev/null', '--service', '192.0.2.1:80', '--users', '3'), /^usage/);
  assert.match(await failure('--service', 'dccp:192.0.2.1:80'), /\[udp:\|sctp:\]ADDRESS:PORT/);
  assert.match(await failure('--service', '192.0.2.1:0'), /\[udp:\|sctp:\]ADDRESS:PORT/);
  assert.match(await failure('--service', '2001:db8::1:80'), /\[udp:\|sctp:\]ADDRESS:PORT/);
  assert.match(await failure('--service', '[2001:db8::1]:80', '--servers', '192.0.2.11'), /IPv6, weight 0 to 65535/);
  assert.match(await failure('--schedulers', 'rr,nosuch'), /--schedulers takes names of rr, wrr, .*twos, not nosuch\n/);
  assert.match(await failure('--servers', 'x'), /ADDRESS\[\*WEIGHT\]/);
});
