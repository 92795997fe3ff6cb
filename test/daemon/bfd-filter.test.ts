// BFD's socket filter without a network: what it drops the machine would refuse, for the same reason, and the other way round.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BfdRefusal } from '../../src/control/bfd/messages.js';
import { type BfdMachine, initialBfd, type Session } from '../../src/control/bfd/state.js';
import { step } from '../../src/control/bfd/step.js';
import { portOf } from '../../src/control/bfd/validate.js';
import { BfdFilter } from '../../src/daemon/bfd/bfd-filter.js';
import type { FilterCounts } from '../../src/daemon/filter/filter-account.js';
import type { Address, Family } from '../../src/model/address.js';
import { BFD_PORTS, BFD_STATES, encodeBfd } from '../../src/wire/bfd.js';
import { encodeUdp } from '../../src/wire/udp.js';
import { needsBpf } from '../native/support.js';
import { plainControl } from '../support/bfd-control.js';
import { sessionOf } from '../support/bfd-nodes.js';
import { ip } from '../support/ip.js';
import { mutate, type Random, randomFrom } from '../support/mutate.js';
import { udpFrame } from '../support/udp-frame.js';

const ROUNDS = 3000;
const FLOOD = 100_000;
/** What stands before UDP in packets that programs are tried with. */
const SKIPPED = { inet: 20, inet6: 40 } as const;

const OWN: Readonly<Record<Family, Address>> = { inet: ip('10.0.0.1'), inet6: ip('fe80::1') };
const session = (name: string, neighbour: string, more: object = {}) => {
  const far = ip(neighbour);
  return sessionOf('a', { name, neighbour: far, source: OWN[far.family], minRxUs: 1000, ...more });
};
const sessions = [
  session('near', '10.0.0.2'),
  session('far', '10.0.0.3', { maxHops: 10 }),
  session('anywhere', '10.0.0.4', { maxHops: 255, multihop: true }),
  session('six', 'fe80::2', { ttl: 64 }),
];

const machine: BfdMachine = step(initialBfd(), { kind: 'configure', sessions, chance: [1, 2, 3, 4] }, 0).state;

function filterOf(family: Family, samples = false): BfdFilter {
  const skipped = new Uint8Array(Uint32Array.of(SKIPPED[family]).buffer);
  const filter = new BfdFilter(64, samples ? { skipped } : { skipped, samples: Uint8Array.of(0) });
  filter.configure(machine.sessions);
  return filter;
}

const passes = (filter: BfdFilter, packet: Uint8Array, repeat?: number): boolean => filter.judge(packet, repeat).passes;
const droppedBy = (filter: BfdFilter): FilterCounts<BfdRefusal>['counts'] => filter.takeCounts()[0]?.counts ?? {};

interface Packet {
  readonly source: Address;
  readonly multihop: boolean;
  readonly ttl: number;
  readonly bytes: Uint8Array;
}

function frame({ source, multihop, ttl, bytes }: Packet): Uint8Array {
  const destination = OWN[source.family];
  const udp = encodeUdp({ sourcePort: 50_000, destinationPort: BFD_PORTS[portOf({ multihop })], payload: bytes }, source, destination);
  return udpFrame(source, destination, ttl, udp);
}

/** What a neighbour may send, knowing our discriminator or not. */
function right({ config, discriminator }: Session, random: Random): Packet {
  const knows = random(2) === 0;
  const bytes = encodeBfd({
    version: 1,
    diagnostic: random(9),
    state: knows ? (BFD_STATES[random(4)] ?? 'up') : 'down',
    poll: random(2) === 0,
    final: false,
    controlPlaneIndependent: random(2) === 0,
    authenticated: false,
    demand: random(2) === 0,
    multipoint: false,
    multiplier: 1 + random(255),
    length: 24,
    myDiscriminator: 1 + random(0x7fff_ffff),
    yourDiscriminator: knows ? discriminator : 0,
    desiredMinTxUs: random(2_000_000),
    requiredMinRxUs: random(2_000_000),
    requiredMinEchoRxUs: 0,
  });
  return { source: config.neighbour, multihop: config.multihop, ttl: config.ttl, bytes };
}

/** The machine's reason to refuse, if any. */
function refusal({ source, multihop, ttl, bytes }: Packet): BfdRefusal | undefined {
  const packet = { port: portOf({ multihop }), source, sourcePort: 50_000, destination: OWN[source.family], ttl, bytes };
  const { refused } = step(machine, { kind: 'packet', packet }, 1).state;
  return Object.keys(refused)[0] as BfdRefusal | undefined;
}

for (const family of ['inet', 'inet6'] as const) {
  test(`${family}: the filter and the machine agree`, needsBpf, () => {
    const filter = filterOf(family);
    const random = randomFrom(family.length);
    const own = machine.sessions.filter(({ config }) => config.neighbour.family === family);
    const seen = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const packet = { ...right(own[random(own.length)] ?? assert.fail(), random) };
      const changed: Packet = {
        source: random(8) === 0 ? ip(family === 'inet' ? '10.0.0.9' : 'fe80::9') : packet.source,
        multihop: random(8) === 0 ? !packet.multihop : packet.multihop,
        ttl: random(4) === 0 ? 1 + random(255) : packet.ttl,
        bytes: random(3) === 0 ? packet.bytes : mutate(packet.bytes, random),
      };
      const taken = passes(filter, frame(changed));
      const dropped = Object.keys(droppedBy(filter))[0];
      assert.equal(taken, dropped === undefined);
      const why = refusal(changed);
      seen.set(dropped ?? 'passed', (seen.get(dropped ?? 'passed') ?? 0) + 1);
      if (dropped !== 'rate') assert.equal(dropped, why, `round ${round}: ${Buffer.from(changed.bytes).toString('hex')}`);
    }
    filter.close();
    assert.ok((seen.get('passed') ?? 0) > ROUNDS / 10 && seen.size > 8, JSON.stringify([...seen]));
  });
}

test('who knows our discriminator is held to a rate, who does not to a slower one, and neither takes the other’s', needsBpf, () => {
  const filter = filterOf('inet');
  const [near] = machine.sessions;
  assert.ok(near !== undefined);
  const bytes = (yourDiscriminator: number) => encodeBfd({ ...plainControl, yourDiscriminator });
  const packet = (yours: number) => frame({ source: near.config.neighbour, multihop: false, ttl: 255, bytes: bytes(yours) });
  passes(filter, packet(0), FLOOD);
  const strangers = FLOOD - (droppedBy(filter).rate ?? 0);
  assert.ok(strangers >= 20 && strangers < FLOOD / 100, `${strangers} of those who do not know it`);
  assert.ok(passes(filter, packet(near.discriminator)), 'the neighbour’s is another account');
  passes(filter, packet(near.discriminator), FLOOD);
  assert.ok((droppedBy(filter).rate ?? 0) > FLOOD / 2);
  filter.close();
});

test('one packet a second of each kind passes, to be named', needsBpf, () => {
  const filter = filterOf('inet', true);
  const wrong = frame({ source: ip('10.0.0.2'), multihop: false, ttl: 3, bytes: encodeBfd({ ...plainControl, yourDiscriminator: 0 }) });
  assert.ok(passes(filter, wrong), 'the first');
  // In one go of the kernel, which a busy machine does not draw out over many seconds.
  passes(filter, wrong, FLOOD);
  const { ttl = 0, ...others } = droppedBy(filter);
  assert.ok(ttl > FLOOD - 100 && ttl <= FLOOD, `${ttl} dropped`);
  assert.deepEqual(others, {});
  assert.deepEqual(filter.takeCounts(), []);
  filter.close();
});
