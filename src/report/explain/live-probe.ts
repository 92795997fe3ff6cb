// Asks the live tables about a packet: by which interface it comes, where the datapath meets it, and whether it begins a connection.

import type { FirstRequest } from '../../control/layer7/switch/first-request.js';
import { Abi, Conf, Dest } from '../../datapath/ebpf/abi.gen.js';
import { type ExplainedPacket, explainPacket, type Hook } from '../../datapath/ebpf/explain/explain-packet.js';
import { Fib, FibCode } from '../../datapath/ebpf/explain/fib.js';
import { LiveEnvironment, type LiveLink } from '../../datapath/ebpf/explain/live-environment.js';
import { ACCEPTED_MAC } from '../../datapath/ebpf/load/firewall-path.js';
import { isRecorded } from '../../datapath/ebpf/load/interface-record.js';
import { PAIR } from '../../datapath/ebpf/load/pair.js';
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import { lookAtSwitch } from '../../datapath/ebpf/switch/look-at-switch.js';
import { graceOf } from '../../datapath/ebpf/table/grace.js';
import { liveMarks } from '../../datapath/ebpf/table/marks.js';
import { recordedAddress } from '../../datapath/ebpf/table/record-address.js';
import type { Tables } from '../../datapath/ebpf/table/tables.js';
import { LOOPBACK } from '../../datapath/memory/packets/environment.js';
import { addressOf, ipOf } from '../../datapath/memory/packets/ip.js';
import { type Schedule, type Start, schedulers } from '../../datapath/schedule/index.js';
import { daemonsServices } from '../../host/daemons-services.js';
import { publishedChecks } from '../../host/published-checks.js';
import type { Address, Family } from '../../model/address.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { native } from '../../sys/addon.js';
import { hasCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { interfaceSetting, readSetting } from '../../sys/files/sysctl.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { type Mac, ZERO_MAC } from '../../wire/ethernet.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import { decodeRoute, lookUpRoute } from '../../wire/rtnetlink-route.js';
import { presentDrains } from '../present-drains.js';
import { describe } from './describe.js';
import type { Described } from './described.js';
import { lastOf } from './events.js';
import type { ExplainedFilter, Explanation } from './explanation.js';
import { filteredBy, forwardedBy } from './filtered-by.js';
import { heldServers } from './held-servers.js';
import { type Probe, probeFrame } from './probe-frame.js';
import { serversOut } from './servers-out.js';
import { chosenOf, type Switched, switchedBy } from './switched.js';
import { unforwardedBy } from './unforwarded.js';

/** Evaluates the rules of the host's packet filter for the packet, which comes by the device: those of INPUT, or of FORWARD, to weir's own device. */
export type AskFilter = (
  packet: Pick<Asked, 'protocol' | 'from' | 'to'> & { readonly device: string },
  way: 'input' | 'forward',
) => ExplainedFilter;

/** `device`, `begins`: found out where absent. `mark`: 0 for none. `request`: the first one of a connection to an address that is switched. */
export interface Asked extends Omit<Probe, 'begins'> {
  readonly device?: string;
  readonly request?: FirstRequest;
  readonly begins?: true;
  readonly mark: number;
}

interface Host {
  readonly links: readonly LiveLink[];
  isOwn(address: Address): boolean;
}

function lookAtHost(): Host {
  return using(new Netlink(), (netlink) => {
    const links = netlink.dump(dumpLinks(), decodeLink, 'list the interfaces');
    const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list the addresses').map(({ address }) => address);
    return { links, isOwn: (address) => addresses.some((each) => sameAddress(each, address)) };
  });
}

/** The interface of the host's own route; undefined: none, or one that refuses. */
function routedBy(netlink: Netlink, to: Address): number | undefined {
  try {
    return decodeRoute(netlink.get(lookUpRoute(to), 'look up a route'))?.ifindex;
  } catch (error) {
    if (!hasCode(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EINVAL', 'EACCES')) throw error;
    return undefined;
  }
}

/** The interface by which the kernel would answer: so a packet of `from` comes by it. @throws WeirError explain-no-device */
function deviceTowards(fib: Fib, tables: Tables, { links }: Host, from: Address): string {
  const answer = fib.ask({ ifindex: tables.conf.get(0, Conf.pairIfindex), to: ipOf(from) });
  const known = [FibCode.success, FibCode.noNeighbour].some((code) => code === answer.code);
  // Without forwarding, by which the datapath may have no next hop either, the FIB answers no program.
  const found = known
    ? answer.ifindex
    : answer.code === FibCode.forwardingDisabled
      ? using(new Netlink(), (netlink) => routedBy(netlink, from))
      : undefined;
  const name = links.find(({ ifindex }) => ifindex === found)?.name;
  if (name === undefined) throw new WeirError('explain-no-device');
  return name;
}

const WHAT = { tcp: ['a SYN', 'a segment'], udp: ['a datagram', 'a datagram'], sctp: ['an INIT', 'data'] } as const;

/** Was the packet one of a connection that there is? Or the grace period after a takeover drops it, since there is none. */
const isLater = ({ events, reasons }: ExplainedPacket): boolean =>
  reasons.includes('grace') || events.some(({ kind }) => kind === 'connection' || kind === 'reply');

/** Is it left to the stack, since no living service has its address? */
const isUnserved = ({ events, outcome }: ExplainedPacket): boolean =>
  outcome.verdict === 'pass' && events.every((event) => event.kind === 'service' && !event.service.live);

const MARKS_NAMED = 3;

/** A packet without a mark that goes past all services, where rules of the host may give it one. */
function perhapsMarked(tables: Tables, { mark, to }: Asked, found: ExplainedPacket): readonly string[] {
  const marks = mark === 0 && isUnserved(found) ? liveMarks(tables, to.address.family) : [];
  if (marks.length === 0) return [];
  const named = [...marks.slice(0, MARKS_NAMED).map((each) => `--mark ${each}`), ...(marks.length > MARKS_NAMED ? ['...'] : [])];
  return [`a rule of this host may give it a firewall mark, which is not looked up: explain it with ${named.join(', ')}`];
}

/** What becomes of a packet, and of the same one when the host's packet filter has let it pass, where that is asked. */
interface Met {
  readonly frame: Uint8Array;
  readonly device: string;
  readonly found: ExplainedPacket;
  readonly accepted?: Met;
  /** The sysctl for which the kernel does not lead it to weir's own device, whatever its mark. */
  readonly unforwarded?: string;
  /** Its mark leads it to weir's own device, and the kernel forwards it there. */
  readonly isLed?: true;
}

/** In the place of each scheduler: this destination is chosen. */
function choosing(id: number): ReadonlyMap<string, Start> {
  const start = (scheduler: string): Schedule => {
    const same = (): Schedule => start(scheduler);
    return { scheduler, flags: 0, added: same, deleted: same, edited: same, flagged: same, pick: () => ({ id, next: same() }) };
  };
  return new Map([...schedulers.keys()].map((name) => [name, () => start(name)]));
}

class LiveProbe {
  constructor(
    readonly tables: Tables,
    readonly environment: LiveEnvironment,
    readonly asked: Asked,
    readonly device: string,
  ) {}

  /** As the datapath meets the packet: of a client or a server on the director when it is sent, and by lo. */
  meet(begins: boolean): Met {
    const { device } = this;
    const frame = this.#frame(begins, 0);
    if (device !== LOOPBACK) return this.#fromWire(frame, begins);
    const sent = this.#explain('egress', frame);
    return { frame, device, found: sent.events.length > 0 ? sent : this.#explain('ingress', frame, this.asked.mark) };
  }

  /** A mark leads what no live service of an address takes to weir's own device: forwarding has lowered its hops then. */
  #fromWire(frame: Uint8Array, begins: boolean): Met {
    const { device } = this;
    const { family } = this.asked.to.address;
    const found = this.#explain('ingress', frame);
    if (found.reasons.includes('firewall')) return { frame, device, found, accepted: this.#back(begins) };
    const goesOn = isUnserved(found) && found.reasons.length === 0;
    if (!goesOn || !liveMarks(this.tables, family).includes(this.asked.mark)) return { frame, device, found };
    const led = this.#frame(begins, 1);
    const marked = this.#explain('marked', led, this.asked.mark);
    const unforwarded = unforwardedBy(device, family);
    return unforwarded === undefined ? { frame: led, device, found: marked, isLed: true } : { frame, device, found: marked, unforwarded };
  }

  /** By weir's own device, with hops that leading it back there has lowered. */
  #back(begins: boolean): Met {
    const ifindex = this.tables.conf.get(0, Conf.pairPeerIfindex);
    const device = this.environment.links.find((link) => link.ifindex === ifindex)?.name ?? this.device;
    const frame = this.#frame(begins, 1, ACCEPTED_MAC);
    return { frame, device, found: this.#explain('accepted', frame, 0, device) };
  }

  /** By content switching, where its rules choose a server. */
  #explain(hook: Hook, bytes: Uint8Array, mark = 0, device = this.device): ExplainedPacket {
    const frame = { device, bytes, mark };
    const found = explainPacket(this.tables, this.environment, hook, frame);
    const switched = this.switchedAt(device);
    const chosen = switched === undefined ? undefined : chosenOf(switched, lastOf(found.events, 'scheduled'));
    return chosen === undefined ? found : explainPacket(this.tables, this.environment, hook, frame, { starts: choosing(chosen) });
  }

  /** The rules of content switching for what comes by a device; undefined: there are none. */
  switchedAt(device: string): Switched | undefined {
    const { protocol, from, to, request } = this.asked;
    const ifindex = this.environment.links.find(({ name }) => name === device)?.ifindex;
    if (protocol !== 'tcp' || ifindex === undefined) return undefined;
    const live = lookAtSwitch(this.tables.folder, ifindex, from, to);
    return live === undefined ? undefined : switchedBy(live, request);
  }

  #frame(begins: boolean, hops: number, to?: Mac): Uint8Array {
    const mac = to ?? (this.device === LOOPBACK ? ZERO_MAC : this.environment.macOf(this.device));
    return probeFrame({ ...this.asked, begins, ttl: this.asked.ttl - hops }, mac);
  }
}

/** The FIB is asked as for a packet by that interface; of IPv4 by weir0. */
function forwardingOffAt(device: string, family: Family): string | undefined {
  const path = family === 'inet' ? `net/ipv4/conf/${PAIR.near}/forwarding` : `net/ipv6/conf/${device}/forwarding`;
  return readSetting(path) === '0' ? path.replaceAll('/', '.') : undefined;
}

/** What the reference director does not know. */
function besides(tables: Tables, ifindex: number, device: string, { events }: ExplainedPacket): readonly string[] {
  const { dests, conf } = tables;
  const servers = new Set(events.flatMap((event) => ('connection' in event ? [event.connection.destination.address] : [])));
  const isPoliced = (id: number): boolean =>
    (dests.get(id, Dest.flags) & (Abi.D_POLICED | Abi.D_POLICED_BACK)) !== 0 && servers.has(ipOf(recordedAddress(dests, Dest, id)));
  const policed = Array.from({ length: conf.get(0, Conf.destTop) }, (_, index) => index + 1).some(isPoliced);
  return [
    ...(device === LOOPBACK || isRecorded(tables.interfaces, ifindex)
      ? []
      : [`weir is not attached to ${device}: it sees none of its packets`]),
    ...(policed ? ["a policy of IPsec may be for the server's packets: then they are translated, and the stack sends them on"] : []),
  ];
}

/** By the rules of the host's packet filter, where the packet passes it, and they are evaluated. */
function filtered(
  explanation: Explanation,
  { accepted, isLed }: Met,
  ask: (way: 'input' | 'forward') => ExplainedFilter | undefined,
): Explanation {
  const filter = accepted !== undefined ? ask('input') : isLed ? ask('forward') : undefined;
  if (filter === undefined) return explanation;
  return isLed ? forwardedBy(explanation, filter) : filteredBy(explanation, filter);
}

const switchedPart = (switched: Switched | undefined): Pick<Described, 'switched'> => (switched === undefined ? {} : { switched });

/**
 * `askFilter` absent: rules are not evaluated.
 * @throws WeirError explain-no-device, explain-not-switched, interface-unknown; SystemError EPERM without root
 */
export function explainLive(reader: ObservingReader, asked: Asked, askFilter?: AskFilter): Explanation {
  const host = lookAtHost();
  const fib = new Fib();
  try {
    const health = publishedChecks.living(String(native().netnsCookie())).flatMap(({ servers }) => servers);
    const outOf = serversOut(daemonsServices(), health);
    return reader.observing((tables) => {
      const device = asked.device ?? (host.isOwn(asked.from.address) ? LOOPBACK : deviceTowards(fib, tables, host, asked.from.address));
      const link = host.links.find(({ name }) => name === device);
      if (link === undefined) throw new WeirError('interface-unknown', { name: device });
      const probe = new LiveProbe(tables, new LiveEnvironment(tables, fib, host.links), asked, device);
      const switched = probe.switchedAt(device);
      if (asked.request !== undefined && switched === undefined) throw new WeirError('explain-not-switched');
      const isNew = asked.request !== undefined && (switched?.live.connection === 'none' || switched?.live.connection === 'ends');
      const later = asked.begins === true || isNew ? undefined : probe.meet(false);
      const begins = later === undefined || !isLater(later.found);
      const met = begins ? probe.meet(true) : later;
      const [sysctls, heldOf] = [reader.sysctls(), heldServers(reader, presentDrains(reader))];
      const described = ({ accepted, ...one }: Met): Described => ({
        ...one,
        begins,
        mark: asked.mark,
        what: begins && asked.request !== undefined ? 'a first request' : WHAT[asked.protocol][begins ? 0 : 1],
        sysctls,
        heldOf,
        outOf,
        isRouted: (ip) => using(new Netlink(), (netlink) => routedBy(netlink, addressOf(ip))) !== undefined,
        nameOf: (ifindex) => host.links.find((each) => each.ifindex === ifindex)?.name ?? String(ifindex),
        reversePath: interfaceSetting(one.device, 'rp_filter'),
        grace: graceOf(tables.conf),
        forwardingOff: forwardingOffAt(one.device, asked.from.address.family),
        ...switchedPart(probe.switchedAt(one.device)),
        ...(accepted === undefined ? {} : { accepted: described(accepted) }),
      });
      const whole = describe(described(met));
      const explained = filtered(whole, met, (way) => askFilter?.({ ...asked, device }, way));
      return {
        ...explained,
        uncertain: [
          ...explained.uncertain,
          ...besides(tables, link.ifindex, device, met.found),
          ...perhapsMarked(tables, asked, met.found),
        ],
      };
    });
  } finally {
    fib.close();
  }
}
