// FULLNAT: all ports of one local address towards one server in use at a time, then none left, then handed out again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FullnatPools } from '../../src/datapath/ebpf/table/fullnat-pools.js';
import { viewOf } from '../../src/wire/bytes.js';
import { ip } from '../support/ip.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, udp } from './fixtures/packets.js';

const PORTS = 65_536 - 1024;
const CLIENT_PORTS = 50_000;
const SOURCE_PORT_AT = 34;
const FIRST_DESTINATION = 1;
/** Room for all of them at half load. */
const CAPACITY = { connBuckets: 32_768 };

const service = serviceKey('udp', VIP, 53);

/** The port by which a client's datagram leaves; undefined: it is dropped. */
function portOf(bed: Bed, client: number): number | undefined {
  const from = `10.0.1.${10 + Math.floor(client / CLIENT_PORTS)}:${2000 + (client % CLIENT_PORTS)}`;
  const { verdict, frame } = bed.send('ingress', 'front', fromClient(udp({ from, to: `${VIP}:53` })));
  if (verdict === 'drop') return undefined;
  assert.equal(verdict, 'redirect');
  return viewOf(frame).getUint16(SOURCE_PORT_AT);
}

async function untilFree(pools: FullnatPools): Promise<void> {
  for (let tries = 0; pools.useOf(FIRST_DESTINATION)[0]?.used !== 0; tries++) {
    assert.ok(tries < 300, 'not within 30 s');
    await delay(100);
  }
}

test('64,512 clients have a port each, the next one none; all come back, the first one first', { skip: skipReason() }, async () => {
  await inBed(
    async (bed) => {
      bed.director.addService({ key: service, scheduler: 'rr', schedFlags: 0, onePacket: false });
      bed.director.addDestination(service, { ...destination(`${SERVERS[0]}:53`, 'fullnat'), localAddresses: [ip(OWN.back)] });
      const pools = new FullnatPools(bed.tables);
      const ports = Array.from({ length: PORTS }, (_, client) => portOf(bed, client));
      assert.equal(new Set(ports).size, PORTS);
      assert.deepEqual([Math.min(...(ports as number[])), Math.max(...(ports as number[]))], [1024, 65_535]);
      assert.equal(portOf(bed, PORTS), undefined);
      assert.deepEqual(bed.drops(), { no_local_port: 1 });
      const [use] = pools.useOf(FIRST_DESTINATION);
      assert.deepEqual([use?.used, use?.ports, use?.exhausted], [PORTS, PORTS, 1n]);

      // Each keeps its port, and from now on it expires a second after its last packet.
      bed.director.setTimeouts({ tcp: 0, tcpFin: 0, udp: 1 });
      const again = Array.from({ length: 1000 }, (_, client) => portOf(bed, client));
      assert.deepEqual(again, ports.slice(0, 1000));
      for (let client = 1000; client < PORTS; client++) portOf(bed, client);
      await untilFree(pools);
      const last = Array.from({ length: 3 }, (_, k) => portOf(bed, PORTS + 1 + k));
      assert.equal(new Set(last).size, 3);
      assert.ok(last.every((port) => port !== undefined));
    },
    openBed({ capacity: CAPACITY }),
  );
});

test('where one local address has no port left, the next one has', { skip: skipReason() }, async () => {
  await inBed(
    (bed) => {
      bed.director.addService({ key: service, scheduler: 'rr', schedFlags: 0, onePacket: false });
      const localAddresses = [ip(OWN.back), ip(OWN.front)];
      bed.director.addDestination(service, { ...destination(`${SERVERS[0]}:53`, 'fullnat'), localAddresses });
      const pools = new FullnatPools(bed.tables);
      const ports = Array.from({ length: PORTS + 2000 }, (_, client) => portOf(bed, client));
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
