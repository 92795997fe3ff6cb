// A reply finds its connection by one look at the connection table by XDP's quick path, and by two by the full one, however many services share its
// server: looks are counted by a build that counts them as a reason for drops that has no name.

import assert from 'node:assert/strict';
import { Abi, Drops } from '../../src/datapath/ebpf/abi.gen.js';
import { exchangeBuild } from '../../src/datapath/ebpf/open.js';
import { breadth, test } from '../support/breadth.js';
import { noTools } from '../support/probes.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { compiledWith } from './compilers.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp } from './fixtures/packets.js';

const [SERVER] = SERVERS;
const CLIENT = '10.0.1.10:3000';
/** Of the services. */
const FIRST_PORT = 1000;
const LOOKS = Abi.DROP_REASONS - 1;
const BUCKET = '  i = bucket_in_table(i);\n  return bpf_map_lookup_elem(&conns, &i);';
const COUNTED = `  __u32 cpu = bpf_get_smp_processor_id();
  struct drops *d = bpf_map_lookup_elem(&drops, &cpu);
  if (d) d->count[${LOOKS}]++;
${BUCKET}`;

function looks({ tables: { drops } }: Bed): number {
  let sum = 0n;
  for (let cpu = 0; cpu < drops.count; cpu++) sum += drops.big(cpu, Drops.count, LOOKS);
  return Number(sum);
}

/** Buckets that replies of one service's connection look at, where so many services share the server: one that moves the connection on, by tc, and
 * a plain one by XDP. */
function looksOfReply(bed: Bed, services: number, service: number): Readonly<Record<'byTc' | 'byXdp', number>> {
  bed.wipe();
  for (let k = 0; k < services; k++) {
    const key = serviceKey('tcp', VIP, FIRST_PORT + k);
    bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    bed.director.addDestination(key, destination(`${SERVER}:80`, 'masq'));
  }
  const vip = `${VIP}:${FIRST_PORT + service}`;
  assert.equal(bed.send('ingress', 'front', fromClient(tcp({ from: CLIENT, to: vip }, 'S'))).verdict, 'redirect');
  const once = (hook: 'ingress' | 'xdp', letters: string): number => {
    const before = looks(bed);
    const frame = fromServer(tcp({ from: `${SERVER}:80`, to: CLIENT }, letters));
    const reply = hook === 'xdp' ? bed.sendXdp('back', frame) : bed.send(hook, 'back', frame);
    assert.equal(reply.verdict, 'redirect', `the reply of ${vip}`);
    return looks(bed) - before;
  };
  // the timer looks at buckets, too: it may come between
  const looksOf = (hook: 'ingress' | 'xdp', letters: string): number => Math.min(...[1, 2, 3].map(() => once(hook, letters)));
  const byTc = looksOf('ingress', 'SA');
  bed.send('ingress', 'front', fromClient(tcp({ from: CLIENT, to: vip }, 'A')));
  looksOf('ingress', 'A');
  return { byTc, byXdp: looksOf('xdp', 'A') };
}

breadth(
  'a reply looks at as many buckets where 200 services share its server as where two do',
  {
    skip: skipReason() || noTools('clang', 'llvm-strip'),
  },
  () => {
    const bed = openBed({ attach: 'xdp' });
    try {
      compiledWith('maps.h', BUCKET, COUNTED, (object) => assert.equal(exchangeBuild(object), true));
      bed.renew();
      assert.deepEqual(looksOfReply(bed, 1, 0), { byTc: 1, byXdp: 1 });
      for (const services of [2, 200]) {
        for (const service of [0, services - 1])
          assert.deepEqual(looksOfReply(bed, services, service), { byTc: 2, byXdp: 1 }, `service ${service} of ${services}`);
      }
    } finally {
      bed.close();
    }
  },
);

test('a client that closed a connection and uses its port for another service gets that one’s replies', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const vips = [80, 443].map((port) => `${VIP}:${port}`);
    for (const port of [80, 443]) {
      const key = serviceKey('tcp', VIP, port);
      bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
      bed.director.addDestination(key, destination(`${SERVER}:80`, 'masq'));
    }
    const asks = (vip: string, letters: string) => bed.send('ingress', 'front', fromClient(tcp({ from: CLIENT, to: vip }, letters)));
    const answer = (letters: string): number => {
      const { verdict, frame } = bed.send('ingress', 'back', fromServer(tcp({ from: `${SERVER}:80`, to: CLIENT }, letters)));
      assert.equal(verdict, 'redirect');
      return new DataView(frame.buffer, frame.byteOffset).getUint16(34);
    };
    for (const [first = '', second = ''] of [vips, vips.toReversed()]) {
      asks(first, 'S');
      assert.equal(`${VIP}:${answer('SA')}`, first);
      for (const letters of ['A', 'FA']) asks(first, letters);
      assert.equal(`${VIP}:${answer('FA')}`, first);
      asks(first, 'A');
      asks(second, 'S');
      assert.equal(`${VIP}:${answer('SA')}`, second);
      asks(second, 'R');
    }
  } finally {
    bed.close();
  }
});
