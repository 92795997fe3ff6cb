// FULLNAT: what is refused; that a number of a destination which comes to another server takes no flow of the former one with it; and which flows give way
// where virtual endpoints beside flows are too many.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FullnatVirtual } from '../../src/datapath/ebpf/fullnat.gen.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { PacketDirector } from '../../src/datapath/memory/packets/packet-director.js';
import { formatAddress } from '../../src/model/address-text.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { decodeIpv4 } from '../../src/wire/ipv4.js';
import { ip } from '../support/ip.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { CLIENT, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, tcp, udp } from './fixtures/packets.js';
import { BedEnvironment } from './reference/bed-environment.js';

const key = serviceKey('udp', VIP, 53);
const service = (onePacket: boolean) => ({ key, scheduler: 'rr', schedFlags: 0, onePacket });
const fullnat = (server: string, local: string) => ({ ...destination(`${server}:53`, 'fullnat'), localAddresses: [ip(local)] });
const masq = (server: string) => destination(`${server}:53`, 'masq');

type Refusing = Pick<Bed['director'], 'addService' | 'editService' | 'addDestination' | 'editDestination'>;

/** Single packets and FULLNAT, in whatever order they come. */
function refuses(director: Refusing): void {
  const refused = (work: () => void): void => assert.throws(work, (error) => isWeirError(error, 'fullnat-one-packet'));
  director.addService(service(true));
  refused(() => director.addDestination(key, fullnat(SERVERS[0], OWN.back)));
  director.addDestination(key, masq(SERVERS[0]));
  refused(() => director.editDestination(key, fullnat(SERVERS[0], OWN.back)));
  director.editService(service(false));
  director.editDestination(key, fullnat(SERVERS[0], OWN.back));
  refused(() => director.editService(service(true)));
  director.editDestination(key, masq(SERVERS[0]));
  director.editService(service(true));
}

test('single packets and FULLNAT are refused together: a director in memory, and the reference director', () => {
  refuses(new MemoryDirector());
  refuses(new PacketDirector(new BedEnvironment()));
});

test('single packets and FULLNAT are refused together: the loaded table', { skip: skipReason() }, async () => {
  await inBed(({ director }) => refuses(director));
});

test('local addresses that no server can answer are refused', () => {
  const director = new MemoryDirector();
  director.addService(service(false));
  for (const local of ['127.0.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', 'fd00::1'])
    assert.throws(
      () => director.addDestination(key, fullnat(SERVERS[0], local)),
      (error) => isWeirError(error, 'fullnat-locals'),
      local,
    );
});

/** Where a client's datagram leaves from, and to. */
function sent(bed: Bed): readonly string[] {
  const { verdict, frame } = bed.send('ingress', 'front', fromClient(udp({ from: `${CLIENT}:40000`, to: `${VIP}:53` })));
  assert.equal(verdict, 'redirect');
  const { source, destination: target } = decodeIpv4(frame.subarray(14)) ?? assert.fail('no packet');
  return [source, target].map((address) => formatAddress(address));
}

test('a number of a destination that comes to another server takes no flow along', { skip: skipReason() }, async () => {
  await inBed(async (bed) => {
    const { director } = bed;
    director.addService(service(false));
    director.setTimeouts({ tcp: 0, tcpFin: 0, udp: 1 });
    director.addDestination(key, fullnat(SERVERS[0], OWN.back));
    assert.deepEqual(sent(bed), [OWN.back, SERVERS[0]]);
    const connections = (): number =>
      director.services()[0]?.destinations.reduce((sum, { inactive, active }) => sum + inactive + active, 0) ?? 0;
    for (let tries = 0; connections() > 0; tries++) {
      assert.ok(tries < 1000, 'the connection has not ended');
      await delay(5);
    }
    // Its flow lasts two seconds more.
    director.deleteDestination(key, masq(SERVERS[0]));
    director.addDestination(key, fullnat(SERVERS[1], OWN.front));
    assert.deepEqual(sent(bed), [OWN.front, SERVERS[1]]);
  });
});

/** Takes all that is free among the virtual endpoints, by elements of no flow. */
function fillVirtuals({ folder }: Bed): void {
  using(BpfMap.pinned(`${folder}/fullnat_virtuals`), (map) => {
    const others = map.info().maxEntries - [...map.keys()].length;
    for (let k = 0; k < others; k++) map.update(u32(0xffff_ffff - k), new Uint8Array(FullnatVirtual.bytes));
  });
}

test('where virtual endpoints are too many, a flow that has none keeps its port', { skip: skipReason() }, async () => {
  const ftp = serviceKey('tcp', VIP, 21);
  await inBed(
    (bed) => {
      const { director } = bed;
      director.addService({ ...service(false), key: ftp, persistence: { timeout: 300, netmask: 0xffffffff } });
      director.addDestination(ftp, { ...destination(`${SERVERS[0]}:21`, 'fullnat'), localAddresses: [ip(OWN.back)] });
      const portOf = (from: number, to: number): number | undefined => {
        const { verdict, frame } = bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:${from}`, to: `${VIP}:${to}` }, 'S')));
        return verdict === 'redirect' ? Buffer.from(frame).readUInt16BE(34) : undefined;
      };
      const [command, other] = [portOf(40000, 21), portOf(40001, 21)];
      fillVirtuals(bed);
      assert.equal(portOf(40002, 5000), undefined);
      assert.deepEqual(bed.drops(), { no_local_port: 1 });
      assert.deepEqual([portOf(40000, 21), portOf(40001, 21)], [command, other]);
      using(BpfMap.pinned(`${bed.folder}/fullnat_virtuals`), (map) => map.delete(u32(0xffff_ffff)));
      const data = portOf(40002, 5000);
      assert.ok(data !== undefined);
      assert.equal(portOf(40003, 5001), data, 'a data connection gives way to another one');
      assert.deepEqual([portOf(40000, 21), portOf(40001, 21)], [command, other]);
    },
    openBed({ capacity: { connBuckets: 16 } }),
  );
});
