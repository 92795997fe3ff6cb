// Gratuitous ARP and unsolicited neighbour advertisements, sent as far apart as garp_interval and gna_interval ask.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Log } from '../../../model/log-level.js';
import { native } from '../../../sys/addon.js';
import { Alarm } from '../../../sys/alarm.js';
import { monotonicUs } from '../../../sys/clock.js';
import { isSystemError } from '../../../sys/errno.js';
import { Fd } from '../../../sys/fd.js';
import { readSetting } from '../../../sys/files/sysctl.js';
import { SOCK } from '../../../sys/sockets/socket-address.js';
import { encodeArp } from '../../../wire/arp.js';
import { hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import { BROADCAST_MAC, EtherType, encodeEthernet, ZERO_MAC } from '../../../wire/ethernet.js';
import { unsolicitedAdvertisement } from '../../../wire/ndisc.js';
import type { Link } from '../../../wire/rtnetlink-link.js';

const AF_PACKET = 17;
/** More than these waiting on one queue add nothing: the oldest go. */
const QUEUE_MAX = 16384;

interface Entry {
  readonly interface: string;
  readonly address: Address;
}

interface Queue {
  readonly intervalUs: number;
  readonly waiting: Entry[];
  nextUs: number;
}

function announcement(link: Link, address: Address, router: boolean): Uint8Array {
  const mac = link.mac ?? BROADCAST_MAC;
  if (address.family === 'inet6') return unsolicitedAdvertisement(mac, address, router);
  return encodeEthernet({
    destination: BROADCAST_MAC,
    source: mac,
    tags: [],
    etherType: EtherType.arp,
    payload: encodeArp({
      operation: 'request',
      senderMac: mac,
      senderAddress: address,
      targetMac: BROADCAST_MAC,
      targetAddress: address,
    }),
  });
}

/** RFC 5227 §1.1: a question without a sender address, so that no cache learns from it. */
function probeFrame(link: Link, address: Address): Uint8Array {
  const mac = link.mac ?? BROADCAST_MAC;
  const senderAddress = { family: 'inet', words: [0] } as const;
  const payload = encodeArp({ operation: 'request', senderMac: mac, senderAddress, targetMac: ZERO_MAC, targetAddress: address });
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags: [], etherType: EtherType.arp, payload });
}

export class Announcer {
  readonly #socket: Fd;
  readonly #alarm: Alarm;
  readonly #queues = new Map<string, Queue>();
  #settings: GlobalSettings;

  /** @throws SystemError */
  constructor(
    settings: GlobalSettings,
    readonly linkOf: (name: string) => Link | undefined,
    readonly log: Log,
  ) {
    this.#settings = settings;
    this.#socket = new Fd(native().socket(AF_PACKET, SOCK.raw, 0), 'announcements');
    this.#alarm = new Alarm(() => this.#run());
  }

  configure(settings: GlobalSettings): void {
    this.#settings = settings;
    this.#queues.clear();
    this.#alarm.set(undefined);
  }

  /** Sends what may go now and queues the rest. */
  announce(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const queue = this.#queueOf(entry);
      if (queue === undefined) {
        this.#send(entry);
      } else if (queue.waiting.push(entry) > QUEUE_MAX) {
        queue.waiting.shift();
      }
    }
    this.#run();
  }

  /** The queue that paces this entry; undefined: nothing does. */
  #queueOf({ interface: name, address }: Entry): Queue | undefined {
    const arp = address.family === 'inet';
    const group = this.#settings.garpGroups.findIndex(({ interfaces }) => interfaces.includes(name));
    const own = this.#settings.garpGroups[group];
    const intervalUs = arp ? (own?.garpIntervalUs ?? this.#settings.garpIntervalUs) : (own?.gnaIntervalUs ?? this.#settings.gnaIntervalUs);
    if (intervalUs === 0) return undefined;
    const key = `${arp ? 'arp' : 'nd'} ${group < 0 ? name : group}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { intervalUs, waiting: [], nextUs: 0 };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #run(): void {
    const now = monotonicUs();
    let next: number | undefined;
    for (const queue of this.#queues.values()) {
      if (queue.nextUs <= now) {
        const entry = queue.waiting.shift();
        if (entry !== undefined) {
          this.#send(entry);
          queue.nextUs = now + queue.intervalUs;
        }
      }
      if (queue.waiting.length > 0) next = Math.min(next ?? queue.nextUs, queue.nextUs);
    }
    this.#alarm.set(next);
  }

  /** Asks, without pacing, which other hosts have these addresses. */
  probe(entries: readonly Entry[]): void {
    for (const entry of entries) this.#transmit(entry, 'ARP probe', probeFrame);
  }

  #send(entry: Entry): void {
    const { interface: name, address } = entry;
    const router = address.family === 'inet6' && readSetting(`net/ipv6/conf/${name}/forwarding`) === '1';
    const what = address.family === 'inet' ? 'gratuitous ARP' : 'unsolicited Neighbour Advert';
    this.#transmit(entry, what, (link) => announcement(link, address, router));
  }

  #transmit({ interface: name, address }: Entry, what: string, frame: (link: Link, address: Address) => Uint8Array): void {
    const link = this.linkOf(name);
    if (link === undefined || link.mac === undefined) {
      return; // gone, or a link without neighbours
    }
    const to = new Uint8Array(20);
    viewOf(to).setUint16(0, AF_PACKET, little);
    viewOf(to).setInt32(4, link.ifindex, little);
    try {
      native().sendto(this.#socket.number, frame(link, address), to);
      this.log('debug', `Sending ${what} on ${name} for ${formatAddress(address)}`);
    } catch (error) {
      // The interface went down or away meanwhile, or its queue is full; the next block tries again.
      if (!isSystemError(error)) throw error;
      this.log('warning', `Error sending ${what} on ${name} for ${formatAddress(address)}: ${(error as Error).message}`);
    }
  }

  /** What waits for these addresses is not sent any more: they left this host. */
  forget(name: string, addresses: readonly Address[]): void {
    const gone = new Set(addresses.map(addressId));
    for (const queue of this.#queues.values()) {
      const keep = queue.waiting.filter((entry) => entry.interface !== name || !gone.has(addressId(entry.address)));
      queue.waiting.splice(0, queue.waiting.length, ...keep);
    }
  }

  close(): void {
    this.#alarm.close();
    this.#socket.close();
  }
}
