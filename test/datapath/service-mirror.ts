// One service twice: in the datapath, and as lists and states of the scheduler in TypeScript. Each new connection must go to the same server.
import assert from 'node:assert/strict';
import { beginOverload, endOverload, type Loaded, updateOverload } from '../../src/datapath/memory/packets/thresholds.js';
import { type Schedule, schedulers } from '../../src/datapath/schedule/index.js';
import type { Candidate, Candidates } from '../../src/datapath/schedule/scheduler.js';
import { isActiveTcpState } from '../../src/datapath/tcp-state.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import type { DestinationSpec } from '../../src/model/service.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { decodeIpv4, type Ipv4Packet } from '../../src/wire/ipv4.js';
import { newTcpTrack, stepTcp, type TcpTrack } from '../support/tcp-track.js';
import type { Bed } from './bed.js';
import { ip, VIP } from './fixtures/bed-addresses.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp, tcpFlags } from './fixtures/packets.js';
import type { Outcome } from './verdict.js';

export const key = serviceKey('tcp', VIP, 80);

interface Connection {
  readonly near: string;
  readonly port: number;
  readonly server: number;
  track: TcpTrack;
}

/** The upper and the lower threshold; 0: none. */
export type Limits = readonly [number, number];
const UNLIMITED: Limits = [0, 0];

const numberOf = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

export const addressOf = (server: number): string => `10.0.2.${100 + server}`;

export function packetOf({ frame }: Outcome): Ipv4Packet {
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

const specOf = (id: number, weight: number, [upperThreshold, lowerThreshold]: Limits): DestinationSpec => ({
  ...destination(`${addressOf(id)}:80`, 'masq', weight),
  upperThreshold,
  lowerThreshold,
});

/** -b, and lblcr's setting: -1 means that a set of several has always been the same for too long. */
export interface Variant {
  readonly flags: number;
  readonly expiration: number;
}

export class Mirror {
  list: Candidates = [];
  readonly connections: Connection[] = [];
  #schedule: Schedule;
  #ports = 1024;
  #servers = 0;
  readonly #gone: Candidate[] = [];
  readonly #limits = new Map<number, Limits>();
  #expiration = 0;

  constructor(
    readonly bed: Bed,
    scheduler: string,
    { flags, expiration }: Variant,
  ) {
    this.expire(expiration);
    this.#schedule = (schedulers.get(scheduler) ?? assert.fail(scheduler))([], flags);
    bed.director.addService({ ...service('tcp', VIP, 80, [], scheduler).service, schedFlags: flags });
  }

  /** lblcr's setting. */
  expire(seconds: number): void {
    this.#expiration = seconds;
    this.bed.director.setSysctl('lblcr_expiration', String(seconds));
  }

  add(weight: number, limits = UNLIMITED): void {
    if (this.#servers >= 100) return;
    const id = this.#servers++;
    this.#limits.set(id, limits);
    this.bed.director.addDestination(key, specOf(id, weight, limits));
    this.list = [candidate(id, weight, 0, 0), ...this.list];
    this.#schedule = this.#schedule.added(this.list);
  }

  /** Adds a server again that was deleted: its record and its connections are still there. */
  addAgain(which: number, weight: number, limits = UNLIMITED): void {
    const gone = this.#gone.splice(which % Math.max(1, this.#gone.length), 1)[0];
    if (gone === undefined) return;
    this.#limits.set(gone.id, limits);
    this.bed.director.addDestination(key, specOf(gone.id, weight, limits));
    const own = this.connections.filter(({ server }) => server === gone.id);
    const active = own.filter(({ track }) => isActiveTcpState(track.state)).length;
    const again = { ...candidate(gone.id, weight, active, own.length - active), overloaded: gone.overloaded };
    this.list = [this.#loaded(again, updateOverload), ...this.list];
    this.#schedule = this.#schedule.added(this.list);
  }

  delete(which: number): void {
    const index = which % Math.max(1, this.list.length);
    const gone = this.list[index];
    if (gone === undefined) return;
    this.bed.director.deleteDestination(key, { address: ip(addressOf(gone.id)), port: 80 });
    this.#gone.push(gone);
    this.list = this.list.filter((each) => each.id !== gone.id);
    this.#schedule = this.#schedule.deleted(this.list, gone.id, this.list[index - 1]?.id ?? null);
  }

  edit(which: number, weight: number, limits = UNLIMITED): void {
    const one = this.list[which % Math.max(1, this.list.length)];
    if (one === undefined) return;
    this.#limits.set(one.id, limits);
    this.bed.director.editDestination(key, specOf(one.id, weight, limits));
    this.#change(one.id, (each) => ({ ...each, weight, lastWeight: weight === 0 ? each.lastWeight : weight }), updateOverload);
    this.#schedule = this.#schedule.edited(this.list);
  }

  /** `update`: the rule of thresholds for what has changed. */
  #change(id: number, how: (each: Candidate) => Candidate, update: (loaded: Loaded) => void = () => {}): void {
    this.list = this.list.map((each) => (each.id === id ? this.#loaded(how(each), update) : each));
  }

  #loaded(each: Candidate, update: (loaded: Loaded) => void): Candidate {
    const [upper, lower] = this.#limits.get(each.id) ?? UNLIMITED;
    const loaded = { active: each.active, inactive: each.inactive, overloaded: each.overloaded, upper, lower };
    update(loaded);
    return { ...each, overloaded: loaded.overloaded };
  }

  /** `client`: the last byte of its address. */
  open(client: number): void {
    this.#open(`10.0.1.${client}`, this.#ports++, 'S');
  }

  #open(near: string, port: number, letters: string): void {
    const arrival = {
      clientFold: numberOf(near),
      clientPort: port,
      serviceFold: numberOf(VIP),
      address: VIP,
      now: 0,
      lblcrExpiration: this.#expiration,
      deleted: this.#gone,
    };
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
    this.#change(id, (each) => ({ ...each, active: each.active + 1 }), beginOverload);
  }

  /** A SYN on a connection that is over: the client's port is scheduled again, then the old one goes. */
  #reopen(connection: Connection, letters: string): void {
    this.connections.splice(this.connections.indexOf(connection), 1);
    this.#open(connection.near, connection.port, letters);
    this.#change(connection.server, (each) => ({ ...each, inactive: each.inactive - 1 }), endOverload);
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
