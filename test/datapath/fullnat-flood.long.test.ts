// FULLNAT under a flood of forged SYNs that takes all ports of a local address: established connections keep theirs, and a new client is served.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FullnatPools } from '../../src/datapath/ebpf/table/fullnat-pools.js';
import { viewOf } from '../../src/wire/bytes.js';
import { ip } from '../support/ip.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, serviceKey } from './fixtures/fixture.js';

const [PORTS, ESTABLISHED, FORGED] = [64, 10, 2000];
const ETHERNET_BYTES = 14;

/** Within seconds, where all connections have minutes left. */
async function untilFree(pools: FullnatPools, destination: number): Promise<void> {
  for (let tries = 0; pools.useOf(destination)[0]?.used !== 0; tries++) {
    assert.ok(tries < 300, 'not within 30 s');
    await delay(100);
  }
}

/** A client's port stands for the client. */
class World {
  constructor(
    readonly bed: Bed,
    readonly family: Family,
  ) {}

  /** The local port by which a client's packet gets to the server; undefined: it is dropped. */
  ask(clientPort: number, letters: string): number | undefined {
    const { at, client, vip, tcp, fromClient, headerBytes } = this.family;
    const packet = tcp({ from: at(client, clientPort), to: at(vip, 80) }, letters);
    const { verdict, frame } = this.bed.send('ingress', 'front', fromClient(packet, client));
    if (verdict === 'drop') return undefined;
    assert.equal(verdict, 'redirect');
    return viewOf(frame).getUint16(ETHERNET_BYTES + headerBytes);
  }

  /** The client's port to which an answer to a local port gets; undefined: to none. */
  answer(localPort: number, letters: string): number | undefined {
    const { at, servers, own, tcp, fromServer, headerBytes } = this.family;
    const packet = tcp({ from: at(servers[0], 8080), to: at(own.back, localPort) }, letters);
    const { verdict, frame } = this.bed.send('ingress', 'back', fromServer(packet, servers[0]));
    return verdict === 'redirect' ? viewOf(frame).getUint16(ETHERNET_BYTES + headerBytes + 2) : undefined;
  }

  /** Its local port, after the handshake. */
  establish(clientPort: number): number {
    const port = this.ask(clientPort, 'S') ?? assert.fail('the SYN was dropped');
    assert.equal(this.answer(port, 'SA'), clientPort);
    assert.equal(this.ask(clientPort, 'A'), port);
    return port;
  }
}

for (const family of [IPv4, IPv6]) {
  const key = serviceKey('tcp', family.vip, 80);
  const server = { ...destination(family.at(family.servers[0], 8080), 'fullnat'), localAddresses: [ip(family.own.back)] };

  const inWorld = (work: (world: World) => void | Promise<void>): Promise<void> =>
    inBed(
      async (bed) => {
        bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
        bed.director.addDestination(key, server);
        await work(new World(bed, family));
      },
      openBed({ capacity: { connBuckets: 4096 } }),
    );

  test(`${family.name}: forged SYNs that take all ports drive out neither an established connection nor a new client`, {
    skip: skipReason(),
  }, async () => {
    await inWorld((world) => {
      const { bed } = world;
      bed.limitLocalPorts(PORTS);
      const before = Array.from({ length: ESTABLISHED }, (_, k) => ({ client: 1024 + k, port: world.establish(1024 + k) }));
      for (let k = 0; k < FORGED; k++) assert.notEqual(world.ask(2000 + k, 'S'), undefined, `the forged SYN ${k}`);
      assert.deepEqual(bed.drops(), { local_port_replaced: FORGED - (PORTS - ESTABLISHED) });
      const [use] = new FullnatPools(bed.tables).useOf(1);
      assert.deepEqual([use?.used, use?.exhausted], [PORTS, 0n]);

      for (const { client, port } of before) {
        assert.equal(world.ask(client, 'PA'), port);
        assert.equal(world.answer(port, 'PA'), client);
      }
      const port = world.establish(1000);
      for (let k = 0; k < PORTS; k++) world.ask(5000 + k, 'S');
      assert.equal(world.answer(port, 'PA'), 1000, 'the new client is established, too');
      assert.equal(world.ask(1000, 'PA'), port);
    });
  });

  test(`${family.name}: where all are established, a new client is refused, and counted`, { skip: skipReason() }, async () => {
    await inWorld((world) => {
      const { bed } = world;
      bed.limitLocalPorts(ESTABLISHED);
      const before = Array.from({ length: ESTABLISHED }, (_, k) => ({ client: 1024 + k, port: world.establish(1024 + k) }));
      assert.equal(world.ask(1000, 'S'), undefined);
      assert.deepEqual(bed.drops(), { no_local_port: 1 });
      for (const { client, port } of before) assert.equal(world.ask(client, 'A'), port);
      // One of them is over: its port is handed out, though its flow has not ended.
      const [first] = before;
      assert.equal(world.answer(first?.port ?? 0, 'R'), first?.client);
      assert.equal(world.ask(1001, 'S'), first?.port);
    });
  });

  test(`${family.name}: with expire_nodest_conn the ports of a removed server's clients come back with its connections' end`, {
    skip: skipReason(),
  }, async () => {
    await inWorld(async (world) => {
      const { bed } = world;
      bed.limitLocalPorts(ESTABLISHED);
      for (let k = 0; k < ESTABLISHED; k++) world.establish(1024 + k);
      assert.equal(world.ask(1000, 'S'), undefined, 'no port is free');
      bed.director.setSysctl('expire_nodest_conn', '1');
      bed.director.deleteDestination(key, server);
      await untilFree(new FullnatPools(bed.tables), 1);
      bed.director.addDestination(key, server);
      for (let k = 0; k < ESTABLISHED; k++) world.establish(3000 + k);
    });
  });
}
