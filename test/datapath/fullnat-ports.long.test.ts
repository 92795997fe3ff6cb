// FULLNAT: all ports of one local address towards one server in use at a time, then one gives way, then all are handed out again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FullnatPools } from '../../src/datapath/ebpf/table/fullnat-pools.js';
import { viewOf } from '../../src/wire/bytes.js';
import { ip } from '../support/ip.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, serviceKey } from './fixtures/fixture.js';

const PORTS = 65_536 - 1024;
const CLIENT_PORTS = 50_000;
const ETHERNET_BYTES = 14;
const FIRST_DESTINATION = 1;
/** Room for all of them at half load. */
const CAPACITY = { connBuckets: 32_768 };

/** Clients of one network, each with so many ports. */
const sourceOf = (family: Family, client: number): string => {
  const host = 10 + Math.floor(client / CLIENT_PORTS);
  return family.at(family.name === 'IPv4' ? `10.0.1.${host}` : `fd00:1::${host}`, 2000 + (client % CLIENT_PORTS));
};

/** The port by which a client's datagram leaves; undefined: it is dropped. */
function portOf(bed: Bed, family: Family, client: number): number | undefined {
  const packet = family.udp({ from: sourceOf(family, client), to: family.at(family.vip, 53) });
  const { verdict, frame } = bed.send('ingress', 'front', family.fromClient(packet, family.client));
  if (verdict === 'drop') return undefined;
  assert.equal(verdict, 'redirect');
  return viewOf(frame).getUint16(ETHERNET_BYTES + family.headerBytes);
}

function addDestination(bed: Bed, family: Family, ...locals: readonly string[]): void {
  const key = serviceKey('udp', family.vip, 53);
  bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
  const spec = destination(family.at(family.servers[0], 53), 'fullnat');
  bed.director.addDestination(key, { ...spec, localAddresses: locals.map(ip) });
}

async function untilFree(pools: FullnatPools): Promise<void> {
  for (let tries = 0; pools.useOf(FIRST_DESTINATION)[0]?.used !== 0; tries++) {
    assert.ok(tries < 300, 'not within 30 s');
    await delay(100);
  }
}

for (const family of [IPv4, IPv6]) {
  test(`${family.name}: 64,512 clients have a port each, the next one takes one of theirs; all come back, the first one first`, {
    skip: skipReason(),
  }, async () => {
    await inBed(
      async (bed) => {
        addDestination(bed, family, family.own.back);
        const pools = new FullnatPools(bed.tables);
        const ports = Array.from({ length: PORTS }, (_, client) => portOf(bed, family, client));
        assert.equal(new Set(ports).size, PORTS);
        assert.deepEqual([Math.min(...(ports as number[])), Math.max(...(ports as number[]))], [1024, 65_535]);
        const replaced = ports.indexOf(portOf(bed, family, PORTS));
        assert.ok(replaced >= 0);
        assert.deepEqual(bed.drops(), { local_port_replaced: 1 });
        const [use] = pools.useOf(FIRST_DESTINATION);
        assert.deepEqual([use?.used, use?.ports, use?.exhausted], [PORTS, PORTS, 0n]);

        // Each keeps its port, and from now on it expires a second after its last packet.
        bed.director.setTimeouts({ tcp: 0, tcpFin: 0, udp: 1 });
        // The client without a port would take another one's.
        const served = Array.from({ length: PORTS + 1 }, (_, client) => client).filter((client) => client !== replaced);
        const again = served.map((client) => portOf(bed, family, client));
        const expected = served.map((client) => ports[client === PORTS ? replaced : client]);
        assert.deepEqual(again, expected);
        await untilFree(pools);
        const last = Array.from({ length: 3 }, (_, k) => portOf(bed, family, PORTS + 1 + k));
        assert.equal(new Set(last).size, 3);
        assert.ok(last.every((port) => port !== undefined));
      },
      openBed({ capacity: CAPACITY }),
    );
  });

  test(`${family.name}: where one local address has no port left, the next one has`, { skip: skipReason() }, async () => {
    await inBed(
      (bed) => {
        addDestination(bed, family, family.own.back, family.own.front);
        const pools = new FullnatPools(bed.tables);
        const ports = Array.from({ length: PORTS + 2000 }, (_, client) => portOf(bed, family, client));
        assert.ok(ports.every((port) => port !== undefined));
        assert.equal(
          pools.useOf(FIRST_DESTINATION).reduce((sum, { used }) => sum + used, 0),
          PORTS + 2000,
        );
        assert.deepEqual(bed.drops(), {});
        for (const { used } of pools.useOf(FIRST_DESTINATION)) assert.ok(used > PORTS / 4, `${used} of one: both are used from the start`);
      },
      openBed({ capacity: CAPACITY }),
    );
  });
}
