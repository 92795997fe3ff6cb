// The sockets that adverts come by and leave by: opened as interfaces come, closed as they go.

import { virtualInterfaceName } from '../../../control/vrrp/interfaces/placement.js';
import type { Effect, ReceivedPacket } from '../../../control/vrrp/messages.js';
import type { SocketDescription } from '../../../dump/live.js';
import type { Address, Family } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import { type AdvertProtocol, IpProtocol } from '../../../model/ip-protocol.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { ReceiveBuffers } from '../../../model/keepalived/global.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { Log } from '../../../model/log-level.js';
import { hasCode, isSystemError, reasonOf } from '../../../sys/errno.js';
import { type Watch, whenReadable } from '../../../sys/readable.js';
import { RawReceiver, RawSender } from '../../../sys/sockets/raw-socket.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { concat } from '../../../wire/bytes.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import type { Interfaces } from '../host/interfaces.js';
import { bufferBytes } from './receive-buffers.js';

type Send = Extract<Effect, { kind: 'send' }>;

/** Class selector 6: network control, as RFC 5798 implementations mark it. */
const TRAFFIC_CLASS = 0xc0;
const DEFAULT_GROUP: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0xe0000012] },
  inet6: { family: 'inet6', words: [0xff020000, 0, 0, 0x12] },
};
/** Packets taken from one socket before timers have their turn. */
const READ_MAX = 32;
/** Where a socket stands on no interface. */
const DEFAULT_MTU = 1500;
const FAMILY_NAMES = { inet: 'IPv4', inet6: 'IPv6' } as const;

interface Wanted {
  readonly family: Family;
  readonly protocol: AdvertProtocol;
  /** Absent interface: ''. */
  readonly interface: string;
  /** By which name the machine knows it: a macvlan's parent. */
  readonly knownAs: string;
  readonly instances: VrrpInstance[];
  readonly groups: Address[];
  readonly unicast: boolean;
}

interface Open {
  readonly socket: RawReceiver;
  readonly watch: Watch;
  readonly ifindex: number;
  /** Packets a new configuration or interface makes of no use are recognised by this. */
  readonly key: string;
}

export interface AdvertSocketsOptions {
  readonly packet: (packet: ReceivedPacket) => void;
  readonly log: Log;
  /** Called when sockets were opened, with those, or when others listen elsewhere, so that they get their filter. */
  readonly opened: (sockets: readonly RawReceiver[]) => void;
}

/**
 * Where an instance listens: on its macvlan if it sends from there, since frames that come from the virtual MAC, the peer's,
 * are given to no other interface by the kernel.
 */
function listensOn(configuration: KeepalivedConfiguration, instance: VrrpInstance): string {
  const own = instance.vmacTransmitBase ? undefined : virtualInterfaceName({ configuration }, instance);
  return own ?? instance.interface ?? instance.vrf ?? '';
}

/** Where a packet that came by a link seems to come from: to a filter one to a port of a VRF is the VRF's. */
export function placesOfLink(link: Link | undefined): readonly number[] {
  if (link === undefined) return [];
  return link.masterKind === 'vrf' && link.master !== undefined ? [link.ifindex, link.master] : [link.ifindex];
}

/** Which receivers a configuration needs. AH is listened to by all of version 2: a peer that uses it should be noticed. */
export function wantedSockets(configuration: KeepalivedConfiguration): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const instance of configuration.instances) {
    const { family } = instance;
    const name = listensOn(configuration, instance);
    const knownAs = instance.interface ?? instance.vrf ?? '';
    const unicast = instance.unicast !== undefined;
    const withAh = instance.version === 2 && family === 'inet';
    for (const protocol of [IpProtocol.vrrp, ...(withAh ? [IpProtocol.ah] : [])]) {
      const key = `${name} ${family} ${protocol}`;
      const one = wanted.get(key) ?? { family, protocol, interface: name, knownAs, instances: [], groups: [], unicast };
      wanted.set(key, one);
      one.instances.push(instance);
      // A unicast instance listens to the group too: a peer that multicasts by mistake would go unnoticed.
      const group = instance.unicast === undefined ? instance.multicastGroup : DEFAULT_GROUP[family];
      if (name !== '' && !one.groups.some((other) => sameAddress(other, group))) one.groups.push(group);
    }
  }
  return wanted;
}

/** The packet with its IP header, as keepalived makes it. */
export function wholePacket(send: Send): Uint8Array {
  const { source, destination, ttl, protocol, payload } = send;
  if (destination.family === 'inet') {
    return encodeIpv4({ ...IPV4_DEFAULTS, tos: TRAFFIC_CLASS, id: send.id, ttl, protocol, source, destination, payload });
  }
  const header = Uint8Array.of(
    0x60 | (TRAFFIC_CLASS >> 4),
    (TRAFFIC_CLASS & 0xf) << 4,
    0,
    0,
    payload.length >> 8,
    payload.length & 0xff,
    protocol,
    ttl,
  );
  return concat(header, encodeAddress(source), encodeAddress(destination), payload);
}

export class AdvertSockets {
  readonly #receivers = new Map<string, Open>();
  readonly #opened: RawReceiver[] = [];
  readonly #senders = new Map<string, RawSender>();
  /** The last failure of each sending instance or missing socket: logged once until it changes. */
  readonly #failures = new Map<string, string>();
  #wanted: ReadonlyMap<string, Wanted> = new Map();
  /** Of all receivers: the filter gets them when they change. */
  #places = '';
  #bufferPolicy: ReceiveBuffers['adverts'];

  constructor(
    readonly interfaces: Interfaces,
    readonly events: AdvertSocketsOptions,
  ) {}

  configure(configuration: KeepalivedConfiguration): void {
    this.#wanted = wantedSockets(configuration);
    this.#bufferPolicy = configuration.global.receiveBuffers?.adverts;
    this.refresh();
  }

  /** Opens what can be opened now and closes what stands on an interface that is gone. */
  refresh(): void {
    for (const [key, open] of this.#receivers) {
      const wanted = this.#wanted.get(key);
      if (wanted === undefined || this.#indexOf(wanted.interface) !== open.ifindex) {
        this.#receivers.delete(key);
        open.watch.stop();
        open.socket.close();
      }
    }
    for (const [key, sender] of this.#senders) {
      if (this.#indexOf(sender.device) !== sender.ifindex) {
        this.#senders.delete(key);
        sender.close();
      }
    }
    for (const [key, wanted] of this.#wanted) this.#open(key, wanted);
    const opened = this.#opened.splice(0);
    const places = [...this.#receivers.values()].flatMap((open) => this.#placesOf(open)).join();
    if (opened.length > 0 || places !== this.#places) {
      this.#places = places;
      this.events.opened(opened);
    }
  }

  /** Who listens where now, as filters know places. */
  listeners(): readonly { readonly instance: VrrpInstance; readonly ifindex: number }[] {
    return [...this.#wanted].flatMap(([key, { protocol, instances }]) => {
      const open = this.#receivers.get(key);
      if (open === undefined || protocol === IpProtocol.ah) return [];
      const places = this.#placesOf(open);
      return instances.flatMap((instance) => places.map((ifindex) => ({ instance, ifindex })));
    });
  }

  #placesOf({ ifindex }: Open): readonly number[] {
    const link = this.interfaces.byIndex(ifindex);
    return link === undefined ? [ifindex] : placesOfLink(link);
  }

  sockets(): readonly RawReceiver[] {
    return [...this.#receivers.values()].map(({ socket }) => socket);
  }

  #indexOf(name: string): number | undefined {
    return name === '' ? 0 : this.interfaces.byName(name)?.ifindex;
  }

  #open(key: string, wanted: Wanted): void {
    const ifindex = this.#indexOf(wanted.interface);
    const there = this.#receivers.get(key);
    if (ifindex === undefined) return;
    try {
      const socket = there?.socket ?? new RawReceiver(wanted.family, wanted.protocol, wanted.interface);
      if (there === undefined) {
        this.#opened.push(socket);
        const watch = whenReadable(socket.fd, () => this.#read(key));
        this.#receivers.set(key, { socket, watch, ifindex, key });
        this.#describe(socket, wanted, ifindex);
      }
      const bytes = bufferBytes(wanted.instances, this.#bufferPolicy, this.interfaces.byName(wanted.interface)?.mtu ?? DEFAULT_MTU);
      if (bytes !== undefined) socket.receiveBuffer(bytes);
      socket.setGroups(wanted.groups, ifindex);
      this.#failures.delete(key);
    } catch (error) {
      this.#failed(key, error, `cannot listen for adverts on ${wanted.interface}`);
    }
  }

  #describe(socket: RawReceiver, { family, protocol, groups, unicast }: Wanted, ifindex: number): void {
    if (protocol === IpProtocol.ah) return;
    const where = unicast || groups[0] === undefined ? ', unicast' : `multicast, address(${formatAddress(groups[0])})`;
    const text = `ifindex(${String(ifindex).padStart(3)}), family(${FAMILY_NAMES[family]}), proto(${protocol}), fd(${socket.fd},${socket.fd})`;
    this.events.log('debug', `VRRP sockpool: [${text} ${where}]`);
  }

  /** Receives what waits in all of them: a timer must not act before it. */
  drain(): void {
    for (const key of [...this.#receivers.keys()]) this.#read(key);
  }

  /** For dumps: keepalived's sockpool. */
  describe(): readonly SocketDescription[] {
    return [...this.#wanted].flatMap(([key, { interface: name, family, protocol, unicast, instances }]) => {
      const using = instances.filter(({ authentication }) => (authentication.kind === 'ah') === (protocol === IpProtocol.ah));
      const open = this.#receivers.get(key);
      if (open === undefined || using.length === 0) return [];
      const source = unicast ? using.find(({ sourceAddress }) => sourceAddress !== undefined)?.sourceAddress : undefined;
      return [
        {
          interface: name,
          family,
          protocol,
          unicast,
          fd: open.socket.fd,
          ...(source === undefined ? {} : { address: formatAddress(source) }),
          instances: using.map(({ name, vrid }) => ({ name, vrid })),
        },
      ];
    });
  }

  #read(key: string): void {
    for (let count = 0; count < READ_MAX; count++) {
      const open = this.#receivers.get(key);
      if (open === undefined) return;
      let received: ReturnType<RawReceiver['receive']>;
      try {
        received = open.socket.receive();
      } catch (error) {
        // Errors that arrived for what was sent (an interface that went down) are reported once by the next read.
        if (!isSystemError(error)) throw error;
        this.#failed(`read ${key}`, error, `reading adverts on ${open.socket.device}`);
        return;
      }
      if (received === undefined) return;
      const { source, destination, ttl, bytes } = received;
      const protocol = open.socket.protocol === IpProtocol.ah ? IpProtocol.ah : IpProtocol.vrrp;
      const knownAs = this.#wanted.get(key)?.knownAs ?? open.socket.device;
      this.events.packet({ interface: knownAs, source, destination, ttl, protocol, bytes });
    }
  }

  send(send: Send): void {
    const name = send.interface ?? '';
    const ifindex = this.#indexOf(name);
    const key = `${send.destination.family} ${name}`;
    try {
      if (ifindex === undefined) {
        const reason = 'no such interface';
        throw Object.assign(new Error(reason), { code: 'ENODEV', errno: 19, syscall: 'sendto', reason });
      }
      let sender = this.#senders.get(key);
      if (sender === undefined) {
        sender = new RawSender(send.destination.family, name, ifindex);
        this.#senders.set(key, sender);
      }
      sender.send(wholePacket(send), send.destination);
      this.#failures.delete(send.instance);
    } catch (error) {
      this.#failed(send.instance, error, `(${send.instance}): send advert error`, true);
    }
  }

  #failed(key: string, error: unknown, what: string, byNumber = false): void {
    if (!isSystemError(error)) throw error;
    const reason = reasonOf(error);
    const text = byNumber ? `${what} ${error.errno} (${reason})` : `${what}: ${reason}`;
    if (this.#failures.get(key) !== text && !hasCode(error, 'EINTR')) {
      this.#failures.set(key, text);
      this.events.log('warning', text);
    }
  }

  close(): void {
    for (const { watch, socket } of this.#receivers.values()) {
      watch.stop();
      socket.close();
    }
    for (const sender of this.#senders.values()) sender.close();
    this.#receivers.clear();
    this.#senders.clear();
  }
}
