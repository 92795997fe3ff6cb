// Heartbeats over a second link: each instance sends its state to its peers as often as it adverts, and receives theirs.
import type { VrrpState } from '../../../control/vrrp/messages.js';
import type { Address } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { Log } from '../../../model/log-level.js';
import { isSystemError } from '../../../sys/errno.js';
import { type Watch, whenReadable } from '../../../sys/readable.js';
import { UdpSocket } from '../../../sys/sockets/udp-socket.js';
import { HEARTBEAT_PORT } from '../../../wire/heartbeat.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import { type FilterReason, ofInstances } from '../../filter/filter-account.js';
import { FilterKeeper } from '../../filter/filter-keeper.js';
import { HeartbeatFilter, type HeartbeatWanted } from '../filters/heartbeat-filter.js';
import { HeartbeatKeys } from '../filters/heartbeat-keys.js';
import { placesOfLink } from './advert-sockets.js';

/** Heartbeats are sent less often than adverts may be. */
const INTERVAL_MIN_MS = 10;
const READ_MAX = 32;
const TTL_OF_LINK = 255;
const ROOM_MIN = 64;

export interface HeartbeatsOptions {
  readonly heartbeat: (instance: string, from: Address, state: VrrpState, priority: number) => void;
  /** What an instance is now. */
  readonly look: (instance: string) => { readonly state: VrrpState; readonly priority: number } | undefined;
  readonly linkOf: (name: string) => Link | undefined;
  /** What the kernel dropped. */
  readonly filtered: (instance: string, count: number) => void;
  readonly log: Log;
}

interface Open {
  readonly socket: UdpSocket;
  readonly watch: Watch;
}

const keyOf = (device: string, peer: Address): string => `${peer.family} ${device}`;

export class Heartbeats {
  #instances: readonly VrrpInstance[] = [];
  readonly #sockets = new Map<string, Open>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, string>();
  readonly #keys = new HeartbeatKeys();
  /** Of which the filter knows; undefined: not of this configuration. */
  #places: string | undefined;
  readonly #filter: FilterKeeper<HeartbeatWanted, FilterReason>;

  constructor(readonly events: HeartbeatsOptions) {
    this.#filter = new FilterKeeper({
      make: ({ instances }) =>
        new HeartbeatFilter(Math.max(ROOM_MIN, 2 * instances.reduce((sum, { heartbeat }) => sum + 1 + 2 * heartbeat.length, 0))),
      sockets: () => [...this.#sockets.values()].map(({ socket }) => socket),
      // Counted apart from adverts: errors of the one are no errors of the other.
      report: ofInstances((instance, counts) =>
        events.filtered(
          instance,
          Object.values(counts).reduce((sum, by) => sum + by, 0),
        ),
      ),
      refused: (why) => events.log('warning', `heartbeat: no filter in the kernel, floods of them will cost time: ${why}`),
    });
  }

  configure({ instances }: KeepalivedConfiguration): void {
    this.#instances = instances.filter(({ heartbeat }) => heartbeat.length > 0);
    this.#places = undefined;
    this.#timers.forEach(clearInterval);
    this.#timers.clear();
    for (const instance of this.#instances) {
      const ms = Math.max(INTERVAL_MIN_MS, Math.round(instance.advertUs / 1000));
      this.#timers.set(
        instance.name,
        setInterval(() => this.#send(instance), ms),
      );
    }
    this.refresh();
  }

  /** Opens sockets of interfaces that came, closes those of interfaces that went. */
  refresh(): void {
    const wanted = new Map(
      this.#instances.flatMap(({ heartbeat }) => heartbeat.map((one) => [keyOf(one.interface, one.peer), one] as const)),
    );
    for (const [key, { socket, watch }] of this.#sockets) {
      if (!wanted.has(key) || this.events.linkOf(socket.device)?.ifindex !== socket.ifindex) {
        this.#sockets.delete(key);
        watch.stop();
        socket.close();
      }
    }
    if (wanted.size > 0) this.#renewFilter([...wanted.values()].map((one) => one.interface));
    for (const [key, one] of wanted) {
      const ifindex = this.events.linkOf(one.interface)?.ifindex;
      if (ifindex !== undefined && !this.#sockets.has(key)) {
        this.#attempt(key, `cannot listen on ${one.interface}`, () => {
          const socket = new UdpSocket(one.peer.family, one.interface, HEARTBEAT_PORT, ifindex);
          this.#filter.attach(socket);
          this.#sockets.set(key, { socket, watch: whenReadable(socket.fd, () => this.#read(socket)) });
        });
      }
    }
  }

  /** Deriving keys takes time, and routes change all day: only when a device has another index. */
  #renewFilter(devices: readonly string[]): void {
    const placesOf = (device: string): readonly number[] => placesOfLink(this.events.linkOf(device));
    const places = JSON.stringify(devices.map(placesOf));
    if (places !== this.#places) {
      this.#places = places;
      this.#filter.configure({ instances: this.#instances, sender: this.#keys.sender, placesOf });
    }
  }

  #send(instance: VrrpInstance): void {
    const now = this.events.look(instance.name);
    if (now === undefined) return;
    const bytes = this.#keys.encode(instance, now.state, now.priority);
    if (bytes === undefined) return;
    for (const { interface: device, peer } of instance.heartbeat) {
      const open = this.#sockets.get(keyOf(device, peer));
      this.#attempt(`${instance.name} ${device}`, `(${instance.name}) cannot send by ${device}`, () => open?.socket.send(bytes, peer));
    }
  }

  #read(socket: UdpSocket): void {
    for (let count = 0; count < READ_MAX; count++) {
      let datagram: ReturnType<UdpSocket['receive']>;
      try {
        datagram = socket.receive();
      } catch (error) {
        if (!isSystemError(error)) throw error;
        return; // the peer is unreachable: the next heartbeat is sent all the same
      }
      if (datagram === undefined) return;
      this.#onDatagram(socket, datagram);
    }
  }

  /** Only from a peer that is configured on this link, not by a router, and with its key where there is one. */
  #onDatagram({ device }: UdpSocket, { source, ttl, bytes }: NonNullable<ReturnType<UdpSocket['receive']>>): void {
    if (ttl !== TTL_OF_LINK) return;
    const possible = this.#instances.filter(({ heartbeat }) =>
      heartbeat.some(({ interface: name, peer }) => name === device && sameAddress(peer, source)),
    );
    const decoded = this.#keys.decode(bytes, source, possible);
    if (decoded !== undefined) this.events.heartbeat(decoded.instance.name, source, decoded.heartbeat.state, decoded.heartbeat.priority);
  }

  #attempt(key: string, what: string, work: () => void): void {
    try {
      work();
      this.#failures.delete(key);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (this.#failures.get(key) !== error.code) {
        this.#failures.set(key, error.code);
        this.events.log('warning', `heartbeat: ${what}: ${error.message}`);
      }
    }
  }

  close(): void {
    this.#timers.forEach(clearInterval);
    this.#filter.close();
    for (const { socket, watch } of this.#sockets.values()) {
      watch.stop();
      socket.close();
    }
    this.#sockets.clear();
  }
}
