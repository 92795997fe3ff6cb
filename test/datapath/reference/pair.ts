// The loaded programs and the reference director side by side: each change and each frame goes to both, and everything that can be seen of
// them afterwards must be the same. Time passes for the programs by making their connections older.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { applyChange } from '../../../src/datapath/apply-change.js';
import { Abi, Conf, ConnSlot, Counters, Dest } from '../../../src/datapath/ebpf/abi.gen.js';
import { clockAt } from '../../../src/datapath/ebpf/table/clock.js';
import { keyedHash } from '../../../src/datapath/ebpf/table/endpoint-table.js';
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { PacketDirector } from '../../../src/datapath/memory/packets/packet-director.js';
import type { DestinationRecord } from '../../../src/datapath/memory/packets/records.js';
import { isActiveState } from '../../../src/datapath/memory/packets/state.js';
import { TCP_STATES } from '../../../src/datapath/tcp-state.js';
import type { Change } from '../../../src/model/change.js';
import { isRefusal } from '../../../src/model/errors/weir-error.js';
import type { Timeouts } from '../../../src/model/service.js';
import { BpfMap } from '../../../src/sys/bpf/bpf-objects.js';
import type { Field } from '../../../src/sys/bpf/records.js';
import { swap16, swap32 } from '../../../src/wire/bytes.js';
import type { Bed } from '../bed.js';
import type { DeviceName } from '../fixtures/bed-addresses.js';
import type { Hook } from '../fixtures/fixture.js';
import { takenSlots } from '../table-check.js';
import { bedEnvironment, dotted } from './bed-environment.js';
import { FollowedChoice } from './followed-choice.js';

const METHODS = ['masq', 'local', 'tunnel', 'route'] as const;
const [NO_OUTPUT, PROVEN] = [1n << 57n, 1n << 59n];
const ICMP_LIMIT_BYTES = 8;
/** The programs' clock goes on meanwhile. */
const CLOCK_SLACK_UNITS = 30;
/** A frame that took longer may have met another rule: what is recent depends on the clock. */
const DISTURBED_UNITS = 4;
const SWEEP_WAIT_MS = 20;

/** One connection, in either of the two. */
interface Seen {
  readonly slot: number;
  readonly client: string;
  readonly service: number;
  readonly destination: number;
  readonly method: string;
  readonly state: string;
  readonly active: boolean;
  readonly noOutput: boolean;
  readonly proven: boolean;
}

const seenInMemory = (slot: number, connection: Connection): Seen => ({
  slot,
  client: `${dotted(connection.client)}:${connection.port}`,
  service: connection.service.id,
  destination: connection.destination.id,
  method: connection.method,
  state: connection.state,
  active: isActiveState(connection.state),
  noOutput: connection.noOutput,
  proven: connection.proven,
});

const code = (error: unknown): string => {
  if (!isRefusal(error)) throw error;
  return error.code;
};

/** The refusal's code, or none. */
function attempt(work: () => void): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return code(error);
  }
}

export class Pair {
  readonly director: PacketDirector;
  /** The programs were held up by other processes, so that their clock may have passed a limit: the rest of the history proves nothing. */
  disturbed = false;
  readonly #choice = new FollowedChoice();
  readonly #met = new Set<string>();
  readonly #icmpLimit: BigUint64Array;

  constructor(
    readonly bed: Bed,
    readonly hook: Hook = 'ingress',
  ) {
    bed.wipe();
    const { conf } = bed.tables;
    const keys = [0, 1, 2].map((k) => conf.big(0, Conf.hashKey, k)) as [bigint, bigint, bigint];
    // The client alone chooses the bucket.
    const homeOf = (client: number, port: number): number => keyedHash(BigInt(swap32(client)) | (BigInt(swap16(port)) << 32n), keys);
    const buckets = conf.get(0, Conf.connBuckets);
    this.director = new PacketDirector(bedEnvironment, { buckets, hz: conf.get(0, Conf.hz), homeOf, schedulers: this.#choice.schedulers });
    const limits = BpfMap.pinned(`${bed.folder}/icmp_limits`);
    this.#icmpLimit = new BigUint64Array(limits.mmap(ICMP_LIMIT_BYTES, true));
    limits.close();
  }

  change(change: Change): void {
    const [loaded, inMemory] = [this.bed.director, this.director].map((each) => attempt(() => applyChange(each, change)));
    assert.equal(inMemory, loaded, `${change.kind}: refused in memory, by the driver`);
    this.#compareDestinations();
  }

  flush(): void {
    this.bed.director.flush();
    this.director.flush();
  }

  setTimeouts(timeouts: Timeouts): void {
    this.bed.director.setTimeouts(timeouts);
    this.director.setTimeouts(timeouts);
  }

  setSysctl(name: string, value: string): void {
    this.bed.director.setSysctl(name, value);
    this.director.setSysctl(name, value);
  }

  send(leaves: boolean, device: DeviceName, frame: Uint8Array): void {
    if (this.disturbed) return;
    this.#setClock();
    this.#icmpLimit[0] = 0n;
    const began = this.#clock();
    const loaded = this.bed.send(leaves ? 'egress' : device === 'lo' ? 'ingress' : this.hook, device, frame);
    if (this.#clock() - began > DISTURBED_UNITS) {
      this.disturbed = true;
      return;
    }
    this.#choice.follow(takenSlots(this.bed), loaded.frame);
    const arrival = { device, bytes: frame };
    const inMemory = leaves ? this.director.egress(arrival) : this.director.ingress(arrival);
    this.#met.add(loaded.verdict);
    const what = `of ${Buffer.from(frame).toString('hex')} by ${device}`;
    assert.equal(inMemory.verdict, loaded.verdict, `verdict in memory, of the programs, ${what}`);
    if (loaded.verdict !== 'drop') {
      const bytes = [inMemory.frame, loaded.frame].map((each) => Buffer.from(each).toString('hex'));
      assert.equal(bytes[0], bytes[1], `frame in memory, of the programs, ${what}`);
    }
    this.#compareDrops(what);
    this.#compareConnections(what);
    this.#compareDestinations();
  }

  /** Seconds pass, and the timer removes what expired or, after a change, has no destination. */
  async pass(seconds: number): Promise<void> {
    if (this.disturbed) return;
    this.director.now += this.director.settings.unitsOf(seconds);
    this.#setClock();
    const expired = this.director.connections.sweep(this.director.now);
    const left = [...this.director.connections.entries()].length;
    if (expired > 0) while (takenSlots(this.bed).length > left) await setTimeout(SWEEP_WAIT_MS);
    this.#compareConnections(`after ${seconds} s`);
    this.#compareDestinations();
  }

  /** Verdicts, states of connections and drop reasons. */
  met(): Iterable<string> {
    return [...this.#met, ...this.director.drops().keys()];
  }

  /** The programs' clock, read between two ticks of their timer. */
  #clock(): number {
    const { conf } = this.bed.tables;
    for (;;) {
      const ticks = conf.big(0, Conf.ticks);
      const now = clockAt(conf, process.hrtime.bigint());
      if (conf.big(0, Conf.ticks) === ticks) return now;
    }
  }

  /** Gives each connection of the programs the time that it has left in memory. */
  #setClock(): void {
    const words = new Uint32Array(this.bed.slots().memory);
    const now = this.#clock();
    for (const [slot, { expires }] of this.director.connections.entries()) {
      words[(slot * ConnSlot.bytes + ConnSlot.value.at) / 4] = now + expires - this.director.now;
    }
  }

  #compareDrops(what: string): void {
    assert.deepEqual(
      Object.fromEntries([...this.director.drops()].sort()),
      Object.fromEntries(Object.entries(this.bed.drops()).sort()),
      what,
    );
  }

  #compareConnections(what: string): void {
    const slots = this.bed.slots();
    const loaded = takenSlots(this.bed).map(({ index, client, port, service, destination, state, inactive }): Seen => {
      const value = slots.big(index, ConnSlot.value);
      return {
        slot: index,
        client: `${dotted(client)}:${port}`,
        service,
        destination,
        method: METHODS[Number((value >> BigInt(Abi.V_METHOD_SHIFT)) & 3n)] ?? '',
        state: TCP_STATES[state] ?? 'UDP',
        active: !inactive,
        noOutput: (value & NO_OUTPUT) !== 0n,
        proven: (value & PROVEN) !== 0n,
      };
    });
    const entries = [...this.director.connections.entries()];
    assert.deepEqual(
      entries.map(([slot, connection]) => seenInMemory(slot, connection)),
      loaded,
      `connections in memory, of the programs, ${what}`,
    );
    const now = this.#clock();
    for (const [slot, connection] of entries) {
      this.#met.add(connection.state === 'UDP' ? 'UDP' : `TCP ${connection.state}`);
      const left = (Number(slots.big(slot, ConnSlot.value) & 0xffffffffn) - now) | 0;
      const expected = connection.expires - this.director.now;
      assert.ok(
        Math.abs(left - expected) <= CLOCK_SLACK_UNITS,
        `${connection.state} expires in ${expected} units in memory, ${left} of the programs`,
      );
    }
  }

  #compareDestinations(): void {
    const { dests, counters, conf } = this.bed.tables;
    const cpus = conf.get(0, Conf.cpus);
    const sum = (id: number, field: Field): number =>
      Array.from({ length: cpus }, (_, cpu) => Number(counters.big(id * cpus + cpu, field))).reduce((a, b) => a + b, 0);
    for (const service of this.director.records.services()) {
      for (const each of [...service.list, ...service.retired]) {
        const { conns, inPackets, outPackets, inBytes, outBytes } = Counters;
        const counts = [conns, inPackets, outPackets, inBytes, outBytes].map((field) => sum(each.id, field));
        const record = [Dest.weight, Dest.active, Dest.inactive, Dest.overload].map((field) => dests.get(each.id, field));
        assert.deepEqual(seenDestination(each), [...record, ...counts], `destination ${each.id} in memory, of the programs`);
      }
    }
  }
}

const seenDestination = ({ weight, active, inactive, overloaded, counts }: DestinationRecord): readonly number[] => [
  weight,
  active,
  inactive,
  Number(overloaded),
  counts.conns,
  counts.inPackets,
  counts.outPackets,
  counts.inBytes,
  counts.outBytes,
];
