// FULLNAT by XDP: established packets go both ways without tc, changed and counted as by tc; what is not plain is left to tc as it came.

import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ip } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';

const skip = skipReason();
const [FIRST_PORT, CLIENT_PORT, SERVER_PORT] = [1024, 40_000, 8080];

interface World {
  readonly bed: Bed;
  /** Packets between client and virtual address, and between local address and server. */
  request(letters: string): Uint8Array;
  reply(letters: string): Uint8Array;
}

/** Runs with a connection that tc has seen begin. */
function withConnection(family: Family, use: (world: World) => void): void {
  const { at, client, own, tcp, vip } = family;
  const [server] = family.servers;
  const bed = openBed({ attach: 'xdp' });
  try {
    const spec = service('tcp', vip, 80, []).service;
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, { ...destination(at(server, SERVER_PORT), 'fullnat'), localAddresses: [ip(own.back)] });
    bed.limitLocalPorts(1);
    const request: World['request'] = (letters) =>
      family.fromClient(tcp({ from: at(client, CLIENT_PORT), to: at(vip, 80) }, letters), client);
    const reply: World['reply'] = (letters) =>
      family.fromServer(tcp({ from: at(server, SERVER_PORT), to: at(own.back, FIRST_PORT) }, letters), server);
    assert.equal(bed.send('xdp', 'front', request('S')).verdict, 'redirect');
    assert.equal(bed.send('xdp', 'back', reply('SA')).verdict, 'redirect');
    assert.equal(bed.send('xdp', 'front', request('A')).verdict, 'redirect');
    use({ bed, request, reply });
  } finally {
    bed.close();
  }
}

for (const family of [IPv4, IPv6]) {
  const { name, at, client, own, tcp, vip } = family;
  const [server] = family.servers;

  (family === IPv4 ? test : breadth)(`${name}: an established connection’s packets, both ways`, { skip }, () =>
    withConnection(family, ({ bed, request, reply }) => {
      const before = bed.totals();
      const asked = bed.sendXdp('front', request('A'));
      assert.equal(asked.verdict, 'redirect');
      const local = { from: at(own.back, FIRST_PORT), to: at(server, SERVER_PORT) };
      assert.deepEqual(Buffer.from(asked.frame), Buffer.from(family.toServer(tcp(local, 'A', 63), server)));
      const answered = bed.sendXdp('back', reply('A'));
      assert.equal(answered.verdict, 'redirect');
      const virtual = { from: at(vip, 80), to: at(client, CLIENT_PORT) };
      assert.deepEqual(Buffer.from(answered.frame), Buffer.from(family.toClient(tcp(virtual, 'A', 63))));
      const { inPackets, outPackets, inBytes, outBytes } = bed.totals();
      assert.deepEqual([inPackets - before.inPackets, outPackets - before.outPackets], [1, 1]);
      assert.deepEqual([inBytes - before.inBytes, outBytes - before.outBytes], [family.segmentBytes, family.segmentBytes]);
    }),
  );

  (family === IPv6 ? test : breadth)(`${name}: what is not plain, or of no flow, is left to tc`, { skip }, () =>
    withConnection(family, ({ bed, request, reply }) => {
      const left = [
        ['front', request('FA')],
        ['back', reply('FA')],
        ['back', reply('RA')],
        ['front', reply('A')],
        ['back', family.fromServer(tcp({ from: at(server, SERVER_PORT), to: at(own.back, FIRST_PORT + 1) }, 'A'), server)],
      ] as const;
      const before = bed.totals();
      for (const [device, frame] of left) {
        const outcome = bed.sendXdp(device, frame);
        assert.equal(outcome.verdict, 'pass');
        assert.deepEqual(Buffer.from(outcome.frame), Buffer.from(frame));
      }
      assert.deepEqual(bed.totals(), before, 'and counted there');
    }),
  );
}
