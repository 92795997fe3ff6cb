// A flood of datagrams with new Call-IDs from one client, or from one server, and a call that lives meanwhile: through the loaded programs, and
// through the director in memory.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { TableWriter } from '../../src/datapath/director.js';
import { Abi, Conf, ConnBucket, ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket, Template6 } from '../../src/datapath/ebpf/abi6.gen.js';
import { unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { IPV6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { Template } from '../../src/datapath/ebpf/template.gen.js';
import { PacketDirector } from '../../src/datapath/memory/packets/packet-director.js';
import { SIP } from '../../src/model/persistence-engine.js';
import type { Bed } from './bed.js';
import type { Family } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { BedEnvironment } from './reference/bed-environment.js';

const [PORT, TIMEOUT_S, SECONDS] = [5060, 300, 2] as const;
const [PORT_MIN, PORTS] = [10_000, 50_000] as const;
const ETHERNET_BYTES = 14;
const ID_DIGITS = 16;
const LIVING = 'living@example.net';

const message = (call: string): Buffer => Buffer.from(`INVITE sip:b SIP/2.0\r\nCall-ID: ${call}\r\n\r\n`);

const datagram = (family: Family, port: number, call: string): Uint8Array =>
  family.fromClient(
    family.udp({ from: family.at(family.client, port), to: family.at(family.vip, PORT) }, 64, message(call)),
    family.client,
  );

/** Who sends a flood. */
export type Sender = 'client' | 'server';
export const SENDERS: readonly Sender[] = ['client', 'server'];

/** What a server begins. */
const ofServer = (family: Family, server: string, port: number, call: string): Uint8Array =>
  family.fromServer(family.udp({ from: family.at(server, PORT), to: family.at(family.client, port) }, 64, message(call)), server);

/** A service of calls with all servers. */
function addCalls(director: TableWriter, family: Family, onePacket: boolean): void {
  const { service: spec } = service('udp', family.vip, PORT, []);
  director.addService({ ...spec, onePacket, persistence: { timeout: TIMEOUT_S, netmask: family.hostMask, engine: SIP } });
  for (const server of family.servers) director.addDestination(spec.key, destination(family.at(server, PORT), 'masq'));
}

const deviceOf = (sender: Sender = 'client') => (sender === 'client' ? 'front' : 'back');

/** Where calls go. */
export interface Flooded {
  /** The frame as it leaves. `by`: the client where absent. */
  send(frame: Uint8Array, by?: Sender): Uint8Array;
  /** Two seconds pass for what there is. */
  age(): void;
  /** Has a call persistence that no flood ends? */
  isAssured(call: string): boolean;
  /** What the timer does within a second or so. */
  settle(right: () => boolean): Promise<void>;
  replaced(): number;
}

/** The loaded programs. */
export class LoadedCalls implements Flooded {
  constructor(
    readonly bed: Bed,
    readonly family: Family,
    onePacket: boolean,
  ) {
    addCalls(bed.director, family, onePacket);
  }

  send(frame: Uint8Array, by?: Sender): Uint8Array {
    const { verdict, frame: out } = this.bed.send('ingress', deviceOf(by), frame);
    assert.equal(verdict, 'redirect');
    return out;
  }

  age(): void {
    const isFour = this.family.name === 'IPv4';
    const units = unitsOf(SECONDS, this.bed.tables.conf.get(0, Conf.hz));
    const older = (pin: string, bytes: number, slots: number, slotBytes: number, valueAt: number): void => {
      const memory = this.bed.memoryOf(pin);
      const [words, expires] = [new BigUint64Array(memory), new Uint32Array(memory)];
      for (let record = 0; record < memory.byteLength; record += bytes) {
        for (let slot = 0; slot < slots; slot++) {
          const at = record + slot * slotBytes + valueAt;
          if (words[at / 8] !== 0n) expires[at / 4] = ((expires[at / 4] ?? 0) - units) >>> 0;
        }
      }
    };
    const conns = isFour ? 'conns' : IPV6_PINS.conns;
    older(conns, isFour ? ConnBucket.bytes : Conn6Bucket.bytes, Abi.BUCKET_SLOTS, ConnSlot.bytes, ConnSlot.value.at);
    older(isFour ? 'templates' : IPV6_PINS.templates, isFour ? Template.bytes : Template6.bytes, 1, 0, Template.value.at);
  }

  isAssured(call: string): boolean {
    return [...takenTemplates(this.bed.tables)].some((each) => each.call === call && each.assured);
  }

  async settle(right: () => boolean): Promise<void> {
    for (let tries = 0; !right(); tries++) {
      assert.ok(tries < 1200, 'not within a minute');
      await setTimeout(50);
    }
  }

  replaced(): number {
    return this.bed.drops()['template_replaced'] ?? 0;
  }
}

/** The director in memory. */
export class CallsInMemory implements Flooded {
  readonly director = new PacketDirector(new BedEnvironment(), { buckets: 4096 });

  constructor(
    readonly family: Family,
    onePacket: boolean,
  ) {
    addCalls(this.director, family, onePacket);
  }

  send(bytes: Uint8Array, by?: Sender): Uint8Array {
    const { verdict, frame } = this.director.ingress({ device: deviceOf(by), bytes });
    assert.equal(verdict, 'redirect');
    return frame;
  }

  age(): void {
    this.director.now += this.director.settings.wholeUnitsOf(SECONDS);
  }

  isAssured(call: string): boolean {
    const { templates, templates6 } = this.director;
    return [...templates.entries(), ...templates6.entries()].some(([, each]) => each.call === call && each.assured);
  }

  async settle(right: () => boolean): Promise<void> {
    this.director.sweep();
    assert.ok(right());
  }

  replaced(): number {
    return this.director.drops().get('template_replaced') ?? 0;
  }
}

/** Each datagram is the same bytes with another port and another Call-ID: so a hundred thousand take seconds. */
function* flood(family: Family, count: number, by: Sender): Generator<Uint8Array> {
  const [call, fromServer] = ['0'.repeat(ID_DIGITS), by === 'server'];
  const frame = fromServer ? ofServer(family, family.servers[0], PORT_MIN, call) : datagram(family, PORT_MIN, call);
  const view = new DataView(frame.buffer, frame.byteOffset);
  // Of the client.
  const portAt = ETHERNET_BYTES + family.headerBytes + (fromServer ? 2 : 0);
  const idAt = Buffer.from(frame).indexOf('0'.repeat(ID_DIGITS));
  let state = 1n;
  for (let n = 0; n < count; n++) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    frame.set(Buffer.from(state.toString(16).padStart(ID_DIGITS, '0')), idAt);
    view.setUint16(portAt, PORT_MIN + (n % PORTS));
    yield frame;
  }
}

/**
 * A call with two datagrams, two seconds apart, then a flood, and messages of that call by every server: the call's next connection goes where it
 * went.
 */
export async function survives(calls: Flooded, family: Family, count: number, by: Sender): Promise<void> {
  const [from, bytes] = family.name === 'IPv4' ? [16, 4] : [24, 16];
  const serverOf = (port: number): string => {
    const out = calls.send(datagram(family, port, LIVING));
    return Buffer.from(out).toString('hex', ETHERNET_BYTES + from, ETHERNET_BYTES + from + bytes);
  };
  const server = serverOf(4000);
  calls.age();
  assert.equal(serverOf(4000), server);
  await calls.settle(() => calls.isAssured(LIVING));
  for (const frame of flood(family, count, by)) calls.send(frame, by);
  assert.ok(calls.replaced() > count / 2, `${calls.replaced()} of the flood's calls gave way`);
  for (const each of family.servers) calls.send(ofServer(family, each, 6000, LIVING), 'server');
  // By rr one of two would go elsewhere.
  for (const port of [5001, 5002, 5003]) assert.equal(serverOf(port), server, `from port ${port}`);
  assert.ok(calls.isAssured(LIVING));
}
