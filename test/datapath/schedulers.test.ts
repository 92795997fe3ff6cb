// The schedulers of the datapath against the ones in TypeScript, on random histories: destinations come, go and change
// weight (0 too), connections open, become established and close, and each new one must go to the same server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Schedule, schedulers } from '../../src/datapath/schedule/index.js';
import type { Candidate, Candidates } from '../../src/datapath/schedule/scheduler.js';
import { isActiveTcpState, newTcpTrack, stepTcp, type TcpTrack } from '../../src/datapath/tcp-state.js';
import { formatAddress } from '../../src/model/address-text.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { decodeIpv4, type Ipv4Packet } from '../../src/wire/ipv4.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ip, VIP } from './fixtures/bed-addresses.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp, tcpFlags } from './fixtures/packets.js';
import type { Outcome } from './verdict.js';

const key = serviceKey('tcp', VIP, 80);

interface Connection {
  readonly near: string;
  readonly port: number;
  readonly server: number;
  track: TcpTrack;
}

const numberOf = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

const addressOf = (server: number): string => `10.0.2.${100 + server}`;

function packetOf({ frame }: Outcome): Ipv4Packet {
  const payload = decodeEthernet(frame)?.payload ?? new Uint8Array(0);
  return decodeIpv4(payload) ?? assert.fail(`not an IPv4 packet: ${Buffer.from(frame).toString('hex')}`);
}

/** An ICMP error went out, or was held back by the limit on their number. */
function assertRefused(bed: Bed, outcome: Outcome): void {
  if (outcome.verdict === 'redirect') assert.equal(packetOf(outcome).protocol, IpProtocol.icmp);
  else assert.ok((bed.drops()['icmp_limited'] ?? 0) > 0, 'neither forwarded nor refused');
}

const candidate = (id: number, weight: number, active: number, inactive: number): Candidate => ({
  id,
  weight,
  lastWeight: weight,
  active,
  inactive,
  overloaded: false,
  fold: numberOf(addressOf(id)),
  port: 80,
});

/** The same service twice: in the datapath, and as lists and states in TypeScript. */
class Mirror {
  list: Candidates = [];
  readonly connections: Connection[] = [];
  #schedule: Schedule;
  #ports = 1024;
  #servers = 0;
  readonly #gone: number[] = [];

  constructor(
    readonly bed: Bed,
    scheduler: string,
    flags = 0,
  ) {
    this.#schedule = (schedulers.get(scheduler) ?? assert.fail(scheduler))([], flags);
    bed.director.addService({ ...service('tcp', VIP, 80, [], scheduler).service, schedFlags: flags });
  }

  add(weight: number): void {
    if (this.#servers >= 100) return;
    const id = this.#servers++;
    this.bed.director.addDestination(key, destination(`${addressOf(id)}:80`, 'masq', weight));
    this.list = [candidate(id, weight, 0, 0), ...this.list];
    this.#schedule = this.#schedule.added(this.list);
  }

  /** Adds a server again that was deleted: its record and its connections are still there. */
  addAgain(which: number, weight: number): void {
    const gone = this.#gone.splice(which % Math.max(1, this.#gone.length), 1)[0];
    if (gone === undefined) return;
    this.bed.director.addDestination(key, destination(`${addressOf(gone)}:80`, 'masq', weight));
    const own = this.connections.filter(({ server }) => server === gone);
    const active = own.filter(({ track }) => isActiveTcpState(track.state)).length;
    this.list = [candidate(gone, weight, active, own.length - active), ...this.list];
    this.#schedule = this.#schedule.added(this.list);
  }

  delete(which: number): void {
    const index = which % Math.max(1, this.list.length);
    const gone = this.list[index];
    if (gone === undefined) return;
    this.bed.director.deleteDestination(key, { address: ip(addressOf(gone.id)), port: 80 });
    this.#gone.push(gone.id);
    this.list = this.list.filter((each) => each.id !== gone.id);
    this.#schedule = this.#schedule.deleted(this.list, gone.id, this.list[index - 1]?.id ?? null);
  }

  edit(which: number, weight: number): void {
    const one = this.list[which % Math.max(1, this.list.length)];
    if (one === undefined) return;
    this.bed.director.editDestination(key, destination(`${addressOf(one.id)}:80`, 'masq', weight));
    this.#change(one.id, (each) => ({ ...each, weight, lastWeight: weight === 0 ? each.lastWeight : weight }));
    this.#schedule = this.#schedule.edited(this.list);
  }

  #change(id: number, how: (each: Candidate) => Candidate): void {
    this.list = this.list.map((each) => (each.id === id ? how(each) : each));
  }

  /** `client`: the last byte of its address. */
  open(client: number): void {
    this.#open(`10.0.1.${client}`, this.#ports++, 'S');
  }

  #open(near: string, port: number, letters: string): void {
    const arrival = { clientFold: numberOf(near), clientPort: port, serviceFold: numberOf(VIP) };
    const { id, next } = this.#schedule.pick(this.list, arrival);
    this.#schedule = next;
    const outcome = this.bed.send('ingress', 'front', fromClient(tcp({ from: `${near}:${port}`, to: `${VIP}:80` }, letters)));
    if (id === null) {
      assertRefused(this.bed, outcome);
      return;
    }
    assert.equal(outcome.verdict, 'redirect', `connection ${port} goes to ${addressOf(id)}`);
    assert.deepEqual(packetOf(outcome).destination, ip(addressOf(id)), `connection ${port}`);
    this.connections.push({ near, port, server: id, track: stepTcp(newTcpTrack(true), 'client', tcpFlags(letters), 'normal') });
    this.#change(id, (each) => ({ ...each, active: each.active + 1 }));
  }

  /** A SYN on a connection that is over: the old one goes, the client's port is scheduled again. */
  #reopen(connection: Connection, letters: string): void {
    this.connections.splice(this.connections.indexOf(connection), 1);
    this.#change(connection.server, (each) => ({ ...each, inactive: each.inactive - 1 }));
    this.#open(connection.near, connection.port, letters);
  }

  /** A segment on an existing connection; its destination counts it by its state. */
  segment(which: number, from: 'client' | 'server', letters: string): void {
    const connection = this.connections[which % Math.max(1, this.connections.length)];
    if (connection === undefined || !this.list.some((each) => each.id === connection.server)) return;
    const { state } = connection.track;
    if (from === 'client' && letters.includes('S') && (state === 'TIME_WAIT' || state === 'CLOSE')) {
      this.#reopen(connection, letters);
      return;
    }
    const near = `${connection.near}:${connection.port}`;
    const server = `${addressOf(connection.server)}:80`;
    if (from === 'client') this.bed.send('ingress', 'front', fromClient(tcp({ from: near, to: `${VIP}:80` }, letters)));
    else this.bed.send('ingress', 'back', fromServer(tcp({ from: server, to: near }, letters)));
    const was = isActiveTcpState(state);
    connection.track = stepTcp(connection.track, from, tcpFlags(letters), 'normal');
    const is = isActiveTcpState(connection.track.state);
    const by = Number(is) - Number(was);
    this.#change(connection.server, (each) => ({ ...each, active: each.active + by, inactive: each.inactive - by }));
  }

  /** Lists and counts are the same on both sides. */
  check(): void {
    const shown = this.bed.director.service(key).destinations;
    assert.deepEqual(
      shown.map(({ spec, active, inactive }) => [spec.address, spec.weight, active, inactive]),
      this.list.map(({ id, weight, active, inactive }) => [ip(addressOf(id)), weight, active, inactive]),
    );
  }
}

const weight = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.constantFrom(10, 12, 100, 65535));
const action = fc.oneof(
  { weight: 2, arbitrary: fc.record({ what: fc.constant('add' as const), weight }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('delete' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('add again' as const), which: fc.nat(), weight }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('edit' as const), which: fc.nat(), weight }) },
  { weight: 10, arbitrary: fc.record({ what: fc.constant('open' as const), client: fc.integer({ min: 10, max: 60 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('segment' as const),
      which: fc.nat(),
      from: fc.constantFrom('client' as const, 'server' as const),
      letters: fc.constantFrom('A', 'FA', 'RA', 'SA', 'PA'),
    }),
  },
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function play(mirror: Mirror, actions: readonly Action[]): void {
  for (const each of actions) {
    if (each.what === 'add') mirror.add(each.weight);
    else if (each.what === 'add again') mirror.addAgain(each.which, each.weight);
    else if (each.what === 'delete') mirror.delete(each.which);
    else if (each.what === 'edit') mirror.edit(each.which, each.weight);
    else if (each.what === 'open') mirror.open(each.client);
    else mirror.segment(each.which, each.from, each.letters);
  }
  mirror.check();
}

/** twos chooses at random, so no other program can foretell it. */
const COMPARED = [...schedulers.keys()].filter((name) => name !== 'twos');
const flagsOf = (scheduler: string): readonly number[] => (['sh', 'mh'].includes(scheduler) ? [0, 1, 2, 3] : [0]);

for (const scheduler of COMPARED) {
  test(`${scheduler}: the datapath picks what the TypeScript scheduler picks`, { skip: skipReason() }, () => {
    const bed = openBed();
    try {
      fc.assert(
        fc.property(fc.constantFrom(...flagsOf(scheduler)), fc.array(action, { minLength: 10, maxLength: 120 }), (flags, actions) => {
          bed.wipe();
          play(new Mirror(bed, scheduler, flags), actions);
        }),
        { numRuns: 300 },
      );
    } finally {
      bed.close();
    }
  });
}

/** Weights 1, 0, 3 and 4; the server of weight 4 is busy, so that it loses whenever another one is the second choice. */
test('twos: the less busy of two that are chosen by weight', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    bed.director.addService(service('tcp', VIP, 80, [], 'wlc').service);
    const add = (id: number, weight: number): void => bed.director.addDestination(key, destination(`${addressOf(id)}:80`, 'masq', weight));
    add(3, 4);
    const open = (port: number, client = '10.0.1.10'): string => {
      const outcome = bed.send('ingress', 'front', fromClient(tcp({ from: `${client}:${port}`, to: `${VIP}:80` }, 'S')));
      return formatAddress(packetOf(outcome).destination);
    };
    for (let port = 1024; port < 5024; port++) open(port);
    for (const [id, weight] of [0, 1, 3].map((weight, index) => [2 - index, weight] as const)) add(id, weight);
    bed.director.editService({ ...service('tcp', VIP, 80, [], 'twos').service });
    const counts = new Map<string, number>();
    const total = 4000;
    for (let port = 1024; port < 1024 + total; port++) {
      const chosen = open(port, '10.0.1.11');
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
    }
    assert.equal(counts.get(addressOf(2)), undefined, 'weight 0');
    // Shares are drawn from 0 to 8, and 0 means the first: of 9, 5 or 4 lead to the busy server, which serves when both do.
    const busy = (counts.get(addressOf(3)) ?? 0) / total;
    assert.ok(busy > 0.1 && busy < 0.4, `the busy server got ${busy}`);
    assert.ok((counts.get(addressOf(0)) ?? 0) > (counts.get(addressOf(1)) ?? 0), JSON.stringify([...counts]));
  } finally {
    bed.close();
  }
});
