// From what the rules reported of a packet to an explanation of it.

import type { AskedHop } from '../../datapath/ebpf/explain/live-environment.js';
import { REASONS } from '../../datapath/ebpf/reasons.gen.js';
import { secondsOf } from '../../datapath/ebpf/table/clock.js';
import type { Connection } from '../../datapath/memory/packets/connection.js';
import type { Endpoint } from '../../datapath/memory/packets/endpoint.js';
import { addressOf, familyOf, textOf } from '../../datapath/memory/packets/ip.js';
import { parseFrame } from '../../datapath/memory/packets/parse.js';
import type { Reason } from '../../datapath/memory/packets/reason.js';
import type { DestinationRecord, ServiceRecord } from '../../datapath/memory/packets/records.js';
import type { TraceEvent } from '../../datapath/memory/packets/trace.js';
import { whyNot } from '../../datapath/schedule/why-not.js';
import { formatAddress } from '../../model/address-text.js';
import { endpointText } from '../../model/endpoint-text.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { listedService } from '../../model/listed-service.js';
import type { ConnectionMethod } from '../../model/service.js';
import type { Described } from './described.js';
import { type EventOf, lastOf } from './events.js';
import type { ExplainedServer, ExplainedVerdict, Explanation } from './explanation.js';
import type { HeldOf } from './held-servers.js';
import { settingsOf } from './settings.js';
import { explainSwitched } from './switched.js';
import { tooBigOf } from './too-big.js';
import { explainUnforwarded } from './unforwarded.js';

/** Counted of another connection or template, not of the packet. */
const BESIDE: ReadonlySet<Reason> = new Set([
  'half_open_replaced',
  'closed_replaced',
  'idle_replaced',
  'template_replaced',
  'call_not_stored',
  'local_port_replaced',
]);

const endText = ({ address, port }: Endpoint): string => endpointText({ address: addressOf(address), port });

const protocolName = (number: number): string =>
  (Object.entries(IpProtocol).find(([, each]) => each === number)?.[0] ?? String(number)).toUpperCase();

function serviceName({ mark, address, port, protocol }: ServiceRecord): string {
  if (mark !== 0) return listedService({ kind: 'fwmark', family: familyOf(address), mark });
  return `${protocolName(protocol)} ${endText({ address, port })}`;
}

const methodOf = ({ method, locals }: DestinationRecord): ConnectionMethod => (locals.length > 0 ? 'fullnat' : method);

const serverName = ({ address, port }: DestinationRecord): string => endText({ address, port });

const LINK_BYTES = 12;

const isSameIp = (one: Uint8Array, other: Uint8Array): boolean =>
  Buffer.compare(one.subarray(LINK_BYTES), other.subarray(LINK_BYTES)) === 0;

const isIcmp = (protocol: number): boolean => protocol === IpProtocol.icmp || protocol === IpProtocol.icmpv6;

/** By NAT, to a server that the kernel has no route to: translated, it is left to the stack, which answers the client. */
function isUnrouted({ frame, found: { outcome, hops }, isRouted }: Described): boolean {
  const last = hops.at(-1);
  return outcome.verdict === 'pass' && !isSameIp(frame, outcome.frame) && last?.answer.kind === 'local' && !isRouted(last.address);
}

function verdictOf(described: Described): ExplainedVerdict {
  const { frame, found } = described;
  const { outcome, events, hops } = found;
  if (outcome.verdict === 'drop') return 'dropped';
  if (outcome.verdict === 'redirect') {
    const [before, after] = [parseFrame(frame, 0).packet, parseFrame(outcome.frame, 0).packet];
    if (after !== undefined && after.protocol !== before?.protocol && isIcmp(after.protocol)) return 'answered';
    return hops.at(-1)?.answer.kind === 'local' ? 'delivered' : 'forwarded';
  }
  if (isUnrouted(described)) return 'answered';
  if (!isSameIp(frame, outcome.frame)) return 'delivered';
  const ends = events.at(-1)?.kind;
  return hops.at(-1)?.answer.kind === 'local' && (ends === 'begun' || ends === 'connection') ? 'delivered' : 'passed';
}

function serversOf({ service, list, chosen }: EventOf<'scheduled'>, heldOf: HeldOf): readonly ExplainedServer[] {
  const picked = list.find(({ id }) => id === chosen?.id);
  const scheduler = service.schedule?.scheduler ?? '';
  return service.list.flatMap((each, k) => {
    const candidate = list[k];
    if (candidate === undefined) return [];
    const why = each === chosen ? whyOf(scheduler) : whyNot(scheduler, candidate, picked, list);
    const { weight, active, inactive } = candidate;
    const held = heldOf(service, each) ?? { configuredWeight: weight, heldBy: [] };
    return { server: serverName(each), method: methodOf(each), weight, ...held, active, inactive, chosen: each === chosen, why };
  });
}

const CHOSEN: Readonly<Record<string, string>> = {
  rr: 'its turn',
  wrr: 'its turn by weight',
  lc: 'the fewest connections',
  wlc: 'the fewest connections for its weight',
  sed: 'the shortest expected delay',
  nq: 'idle, or else the shortest expected delay',
  fo: 'the heaviest',
  ovf: 'the heaviest with no more active connections than its weight',
  dh: "in the hash's slot of the address",
  sh: "in the hash's slot of the client",
  mh: "in the hash's slot of the client",
  twos: 'the better of two drawn by chance',
  lblc: 'served the address last, or has the fewest connections for its weight',
  lblcr: 'one of those that serve the address, or has the fewest connections for its weight',
};

const whyOf = (scheduler: string): string => CHOSEN[scheduler] ?? 'chosen';

function leavesOf(verdict: ExplainedVerdict, hop: AskedHop | undefined, nameOf: Described['nameOf']): Explanation['leaves'] {
  if (verdict !== 'forwarded' || hop?.ifindex === undefined) return null;
  const { answer, ifindex, neighbour } = hop;
  const ready = answer.kind === 'ready' ? answer : undefined;
  const mtu = ready === undefined || ready.mtu === Number.MAX_SAFE_INTEGER ? null : ready.mtu;
  return {
    device: nameOf(ifindex),
    neighbour: neighbour === undefined ? null : textOf(neighbour),
    toMac: ready?.to ?? null,
    fromMac: ready?.from ?? null,
    mtu,
  };
}

/** The end of the tunnel that the packet goes through. */
function tunnelOf(verdict: ExplainedVerdict, { found: { events } }: Described): DestinationRecord | undefined {
  const met = events.findLast((event) => event.kind === 'connection' || event.kind === 'begun')?.connection;
  return verdict === 'forwarded' && met?.method === 'tunnel' ? met.destination : undefined;
}

function withinOf(verdict: ExplainedVerdict, described: Described): Explanation['within'] {
  const [end, outer] = [tunnelOf(verdict, described), parseFrame(described.found.outcome.frame, 0).packet];
  if (end === undefined || outer === undefined) return null;
  const { source, destination, ttl } = outer;
  const { type, port } = end.tunnel;
  return {
    protocol: type,
    from: formatAddress(addressOf(source)),
    to: formatAddress(addressOf(destination)),
    port: type === 'gue' ? port : null,
    ttl,
    bytes: described.found.outcome.frame.length - described.frame.length,
  };
}

/** Of isUnrouted(): all other answers are weir's own. */
const isOfStack = (verdict: ExplainedVerdict, { found: { outcome } }: Described): boolean =>
  verdict === 'answered' && outcome.verdict === 'pass';

function becomesOf(verdict: ExplainedVerdict, described: Described): Explanation['becomes'] {
  if (verdict === 'passed' || verdict === 'dropped' || isOfStack(verdict, described)) return null;
  const isInside = tunnelOf(verdict, described) !== undefined;
  const { packet } = parseFrame(isInside ? described.frame : described.found.outcome.frame, 0);
  if (packet === undefined) return null;
  const { source, destination, sourcePort, destinationPort, protocol } = packet;
  const ttl = packet.ttl - Number(isInside);
  const hasPorts = verdict !== 'answered';
  const place = (address: typeof source, port: number): string =>
    hasPorts ? endText({ address, port }) : formatAddress(addressOf(address));
  return { protocol: protocolName(protocol), from: place(source, sourcePort), to: place(destination, destinationPort), ttl };
}

function connectionOf({ found: { events, director, localOf } }: Described): Explanation['connection'] {
  const event = lastOf(events, 'connection') ?? lastOf(events, 'reply');
  if (event === undefined) return null;
  const { client, virtual, server, destination, method, state, expires }: Connection = event.connection;
  return {
    client: endText(client),
    virtual: endText(virtual),
    server: endText(server),
    local: localText(localOf(event.connection)),
    method: method === 'masq' ? methodOf(destination) : method,
    state,
    expires: Math.max(0, Math.floor(secondsOf(expires - director.now, director.settings.hz))),
    use: event.kind === 'reply' ? 'reply' : event.use,
  };
}

const localText = (local: Endpoint | undefined): string | null => (local === undefined ? null : endText(local));

function templateOf({ found: { events, director } }: Described): Explanation['template'] {
  const event = lastOf(events, 'template');
  if (event === undefined) return null;
  const { network, destination, expires } = event.template;
  const left = Math.max(0, Math.floor(secondsOf(expires - director.now, director.settings.hz)));
  return { network: textOf(network), server: serverName(destination), leads: event.leads, expires: left };
}

function serviceOf(events: readonly TraceEvent[]): Explanation['service'] {
  const service = lastOf(events, 'service')?.service ?? lastOf(events, 'reply')?.connection.service;
  if (service === undefined) return null;
  return {
    name: serviceName(service),
    scheduler: service.schedule?.scheduler ?? 'none',
    live: service.live,
    onePacket: service.onePacket,
    persistence: service.persistence?.timeout ?? null,
  };
}

/** Why it went so, in a sentence. */
function whyVerdict(described: Described, verdict: ExplainedVerdict, reason: Explanation['reason']): string {
  if (reason !== null) return reason.text;
  if (isOfStack(verdict, described)) return "the kernel has no route to the server, and its stack answers with 'network unreachable'";
  const { events } = described.found;
  const [service, connection] = [lastOf(events, 'service')?.service, lastOf(events, 'connection')];
  if (lastOf(events, 'reply') !== undefined) return 'the reply of a masqueraded server, by its connection';
  if (connection !== undefined && verdict !== 'passed') return 'by the connection that there is';
  const begun = lastOf(events, 'begun');
  if (begun?.connection.method === 'bypass') return 'a new connection: no server is left, and cache_bypass sends it on to its own address';
  if (begun !== undefined) return 'a new connection';
  if (service === undefined) return 'no service, connection or masqueraded server has these addresses and ports';
  if (!service.live) return 'the service was removed';
  if (service.schedule !== undefined && lastOf(events, 'scheduled') !== undefined)
    return 'no destination is left, and it is left to the stack';
  return 'it has no connection, and the service does not serve this port';
}

const UNCERTAIN: Readonly<Record<string, string>> = {
  twos: 'twos draws two destinations by chance: another one may be chosen',
};

/** A new connection of a server to its own service: its answer is sent past the director, but by FULLNAT. */
function ofServer(events: readonly TraceEvent[]): string | undefined {
  const begun = lastOf(events, 'begun')?.connection;
  if (begun === undefined || begun.destination.locals.length > 0) return undefined;
  if (!begun.service.list.some(({ address }) => address === begun.client.address)) return undefined;
  return begun.method === 'masq'
    ? 'the client is a server of this service: a server of its network, or itself, answers it past the director, and no connection comes about (FULLNAT serves it)'
    : 'the client is a server of this service: the answer comes from the VIP, which such a server has itself, and its stack drops it (FULLNAT serves it)';
}

function uncertainOf({ found: { events, director, reasons, makesFlow } }: Described): readonly string[] {
  const found: string[] = [];
  const scheduled = lastOf(events, 'scheduled');
  const byChance = UNCERTAIN[scheduled?.service.schedule?.scheduler ?? ''];
  if (byChance !== undefined) found.push(byChance);
  if (makesFlow)
    found.push('the connection gets a free port of a local address (FULLNAT), which is shown as 0: only the packet itself takes one');
  const own = ofServer(events);
  if (own !== undefined) found.push(own);
  const { dropRate } = director.settings.defence;
  if (dropRate !== 0 && (scheduled !== undefined || lastOf(events, 'begun') !== undefined))
    found.push(`drop_packet is at work: each CPU drops ${dropRate === 1 ? 'every new connection' : `one in ${dropRate} new connections`}`);
  if (reasons.some((key) => ['no_destination', 'no_route', 'ttl', 'nat_icmp_send'].includes(key)))
    found.push('ICMP errors are limited: where too many were sent, the packet is dropped without one (icmp_limited)');
  return found;
}

export function describe(described: Described): Explanation {
  const { switched, begins, found, unforwarded } = described;
  const base = byScheduler(described);
  if (unforwarded !== undefined) return explainUnforwarded(base, unforwarded);
  return switched === undefined ? base : explainSwitched(base, switched, begins, lastOf(found.events, 'scheduled'));
}

function byScheduler(described: Described): Explanation {
  const { frame, device, mark, what, found, nameOf } = described;
  const { events, hops, reasons } = found;
  const { packet } = parseFrame(frame, 0);
  const verdict = verdictOf(described);
  const key = reasons.find((each) => !BESIDE.has(each));
  const reason = key === undefined ? null : { key, text: REASONS.find((each) => each.key === key)?.text ?? '' };
  const scheduled = lastOf(events, 'scheduled');
  const place = (address: number | string = 0, port = 0): string => endText({ address, port });
  return {
    packet: {
      protocol: protocolName(packet?.protocol ?? 0),
      what,
      from: place(packet?.source, packet?.sourcePort),
      to: place(packet?.destination, packet?.destinationPort),
      device,
      mark,
      ttl: packet?.ttl ?? 0,
      length: packet?.length ?? 0,
    },
    verdict,
    reason,
    why: whyVerdict(described, verdict, reason),
    service: serviceOf(events),
    connection: connectionOf(described),
    template: templateOf(described),
    scheduled:
      scheduled === undefined
        ? null
        : {
            scheduler: scheduled.service.schedule?.scheduler ?? '',
            servers: serversOf(scheduled, described.heldOf),
            out: described.outOf(scheduled.service),
          },
    switched: null,
    leaves: leavesOf(verdict, hops.at(-1), nameOf),
    becomes: becomesOf(verdict, described),
    within: withinOf(verdict, described),
    tooBig: tooBigOf(described),
    filter: null,
    accepted: described.accepted === undefined ? null : describe(described.accepted),
    settings: settingsOf(described),
    uncertain: uncertainOf(described),
  };
}
