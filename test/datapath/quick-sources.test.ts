// XDP's program on the links writes plain tunnels itself once it has the table of their sources (load/quick-sources.ts), without the program of tunnels.
import assert from 'node:assert/strict';
import { QUICK_SOURCES_PIN, TUNNEL_XDP_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { TunnelProgram } from '../../src/datapath/ebpf/tunnel.gen.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, DR_VIP, SERVERS } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { bytes, fromClient, tcp } from './fixtures/packets.js';
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
        without(bed, QUICK_SOURCES_PIN, 0);
        assert.equal(sent().verdict, 'pass');
        assert.equal(bed.totals().inPackets, 3);
        assert.deepEqual(bed.drops(), {});
      } finally {
        bed.close();
      }
    },
  );
