// XDP's program on the links writes plain tunnels and leased requests of FULLNAT itself once it has their tables (load/quick-tables.ts), without the programs
// that these are of.
import assert from 'node:assert/strict';
import { FullnatPool, FullnatXdpProgram } from '../../src/datapath/ebpf/fullnat.gen.js';
import { isXdpLoaded } from '../../src/datapath/ebpf/load/load.js';
import { ensureXdp } from '../../src/datapath/ebpf/load/xdp.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { LEASES_PIN, QUICK_PINS } from '../../src/datapath/ebpf/table/quick-pins.js';
import { FULLNAT_XDP_PIN, TUNNEL_XDP_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { TunnelProgram } from '../../src/datapath/ebpf/tunnel.gen.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { firstIn } from './exchange-bed.js';
import { CLIENT, DR_VIP, ip, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { bytes, fromClient, fromServer, tcp, toServer } from './fixtures/packets.js';
import { carried, KINDS } from './fixtures/tunnel.js';

const skip = skipReason();
const [, SERVER] = SERVERS;
const ENDS = { from: `${CLIENT}:40000`, to: `${DR_VIP}:80` };
const { service: SPEC } = service('tcp', DR_VIP, 80, []);
const DATA = { data: bytes(100) };

const without = ({ folder }: Bed, pin: string, place: number): void =>
  using(BpfMap.pinned(`${folder}/${pin}`), (map) => assert.ok(map.delete(u32(place)), pin));

for (const name of ['ipip', 'GRE', 'GUE'] as const)
  (name === 'ipip' ? test : breadth)(
    `by ${name}: without the program of tunnels; and without the table, XDP leaves the packet to that`,
    { skip },
    () => {
      const bed = openBed({ attach: 'xdp' });
      try {
        bed.director.addService(SPEC);
        bed.director.addDestination(SPEC.key, { ...destination(`${SERVER}:80`, 'tunnel'), tunnel: KINDS[name].tunnel });
        for (const flags of ['S', 'A']) bed.send('ingress', 'front', fromClient(tcp(ENDS, flags)));
        const sent = (): ReturnType<Bed['send']> => bed.sendXdp('front', fromClient(tcp(ENDS, 'PA', DATA)));
        without(bed, TUNNEL_XDP_PIN, TunnelProgram.TUNNEL_IPV4);
        const quick = sent();
        assert.equal(quick.verdict, 'redirect');
        assert.deepEqual(quick.frame, carried(tcp(ENDS, 'PA', { ...DATA, ttl: 63 }), SERVER, KINDS[name]));
        without(bed, 'quick_sources', 0);
        assert.equal(sent().verdict, 'pass');
        assert.equal(bed.totals().inPackets, 3);
        assert.deepEqual(bed.drops(), {});
      } finally {
        bed.close();
      }
    },
  );

/** A connection by FULLNAT whose flow is leased. */
interface Leased {
  readonly bed: Bed;
  /** By XDP, without the program for requests. */
  sent(): ReturnType<Bed['send']>;
}

const ASKED = { from: `${CLIENT}:40000`, to: `${VIP}:80` };
const GOT = { from: `${OWN.back}:1024`, to: `${SERVER}:8080` };
const TRIES = 20;

function leased(use: (leased: Leased) => void): void {
  const bed = openBed({ attach: 'xdp' });
  try {
    const { key } = service('tcp', VIP, 80, []).service;
    bed.director.addService({ ...SPEC, key });
    bed.director.addDestination(key, { ...destination(GOT.to, 'fullnat'), localAddresses: [ip(OWN.back)] });
    bed.limitLocalPorts(1);
    bed.send('ingress', 'front', fromClient(tcp(ASKED, 'S')));
    bed.send('ingress', 'back', fromServer(tcp({ from: GOT.to, to: GOT.from }, 'SA')));
    without(bed, FULLNAT_XDP_PIN, FullnatXdpProgram.FULLNAT_XDP_REQUEST);
    const sent: Leased['sent'] = () => bed.sendXdp('front', fromClient(tcp(ASKED, 'PA', DATA)));
    // A lease counts for a second.
    for (let tries = TRIES; ; tries -= 1) {
      bed.send('ingress', 'front', fromClient(tcp(ASKED, 'A')));
      const before = bed.totals().inPackets;
      const quick = sent();
      if (quick.verdict === 'pass' && tries > 0) continue;
      assert.equal(quick.verdict, 'redirect');
      assert.deepEqual(quick.frame, toServer(tcp(GOT, 'PA', { ...DATA, ttl: 63 }), SERVER));
      assert.equal(bed.totals().inPackets, before + 1);
      break;
    }
    use({ bed, sent });
    assert.deepEqual(bed.drops(), {});
  } finally {
    bed.close();
  }
}

/** Takes what makes a request one that XDP's program on the links sends itself. */
const LEFT: Readonly<Record<string, (bed: Bed) => void>> = {
  'the table of leases': (bed) => without(bed, 'quick_leases', 0),
  'the table of pools': (bed) => without(bed, 'quick_pools', 0),
  'the epoch of the lease': ({ tables: { fullnatPools: pools } }) => pools.set(1, FullnatPool.epoch, pools.get(1, FullnatPool.epoch) + 1),
};

for (const [what, take] of Object.entries(LEFT))
  (what === 'the epoch of the lease' ? test : breadth)(`FULLNAT: without the program for requests, until ${what} is gone`, { skip }, () =>
    leased(({ bed, sent }) => {
      take(bed);
      const before = bed.totals().inPackets;
      assert.equal(sent().verdict, 'pass');
      assert.equal(bed.totals().inPackets, before);
    }),
  );

breadth('XDP’s program that comes later has the arrays of those by tc, which ask for leases, too', { skip }, () => {
  const bed = openBed({ attach: 'tc' });
  try {
    const arrays = (): readonly number[] => QUICK_PINS.map((pin) => using(BpfMap.pinned(`${bed.folder}/${pin}`), (map) => map.info().id));
    const { key } = service('tcp', VIP, 80, []).service;
    bed.director.addService({ ...SPEC, key });
    bed.director.addDestination(key, { ...destination(GOT.to, 'fullnat'), localAddresses: [ip(OWN.back)] });
    const before = arrays();
    assert.ok(!isXdpLoaded(bed.folder));
    ensureXdp(bed.tables, assert.fail);
    assert.ok(isXdpLoaded(bed.folder));
    assert.deepEqual(arrays(), before);
    const given = (): void =>
      assert.equal(
        firstIn(bed.folder, 'quick_leases'),
        using(BpfMap.pinned(`${bed.folder}/${LEASES_PIN}`), (map) => map.info().id),
      );
    given();
    openDirector({ capacity: { connBuckets: 8192 } }).close(); // another size
    assert.notDeepEqual(arrays(), before);
    given();
  } finally {
    bed.close();
  }
});
