// What the datapath would do with a packet, and why: the reference director with what of the live tables the packet may meet, and the packet.
// Nothing of the datapath changes.
import { callIdOf } from '../../memory/packets/call-id.js';
import type { Connection } from '../../memory/packets/connection.js';
import type { Endpoint } from '../../memory/packets/endpoint.js';
import type { Outcome } from '../../memory/packets/forward.js';
import { familyOf } from '../../memory/packets/ip.js';
import { type Packet, type Parsed, sourceOf, targetOf } from '../../memory/packets/packet.js';
import { type Frame, PacketDirector } from '../../memory/packets/packet-director.js';
import { parseFrame } from '../../memory/packets/parse.js';
import type { Reason } from '../../memory/packets/reason.js';
import { type Message, messageOf } from '../../memory/packets/related.js';
import type { TraceEvent } from '../../memory/packets/trace.js';
import { tunnelQuoteOf } from '../../memory/packets/tunnel-error.js';
import type { Start } from '../../schedule/index.js';
import { sysctlNames } from '../../sysctls.js';
import { TCP_STATES } from '../../tcp-state.js';
import { Conf } from '../abi.gen.js';
import { clockNow } from '../table/clock.js';
import { hashKeysOf } from '../table/endpoint-table.js';
import { graceOf } from '../table/grace.js';
import { sysctlFields } from '../table/sysctls.js';
import { IPV6_PINS, SCTP_PINS, SCTP6_PINS, type Tables, WIDE_PINS, WIDE_SCTP_PINS, WIDE_SCTP6_PINS, WIDE6_PINS } from '../table/tables.js';
import { type Clients, LIVE_BUCKETS, LIVE_TEMPLATES, liveHome, loadConnections, loadTemplates, TemplateHomes } from './live-connections.js';
import type { AskedHop, LiveEnvironment } from './live-environment.js';
import { loadFragment } from './live-fragments.js';
import { loadFtpStreams, namedClient } from './live-ftp.js';
import { LiveLocalPorts } from './live-local-ports.js';
import { LiveServices } from './live-services.js';

/**
 * Where the datapath meets a frame: `marked`: at weir's own device, where a mark has led it; `accepted`: at its other end, where the host's packet
 * filter has let it pass.
 */
export type Hook = 'ingress' | 'egress' | 'marked' | 'accepted';

/** What the datapath leaves to chance, or to what each CPU has counted. */
export interface Chance {
  /** Whether drop_packet, at work, drops a new connection. */
  readonly dropsNext: () => boolean;
  /** Schedulers in the place of others with the same names. */
  readonly starts: ReadonlyMap<string, Start>;
  /** Whether one more ICMP error may be sent. */
  readonly icmpAllowed: () => boolean;
  /** Whether a probe of a full table ends at the first bucket with a connection that may give way. */
  readonly endsEarly: () => boolean;
  /** FULLNAT: whether another connection gives way where no local port is free. */
  readonly givesWay: () => boolean;
  /** FULLNAT: whether the ports that are next are all those of other flows to the same server. */
  readonly passesOver: () => boolean;
}

export interface ExplainedPacket {
  readonly outcome: Outcome;
  /** As what the packet is counted. */
  readonly reasons: readonly Reason[];
  readonly events: readonly TraceEvent[];
  readonly hops: readonly AskedHop[];
  /** As it is after the packet. */
  readonly director: PacketDirector;
  /** FULLNAT: its connection gets a local port, which is not known before. */
  readonly makesFlow: boolean;
  /** FULLNAT: `Chance.passesOver` may be so. */
  readonly mayPassOver: boolean;
  /** FULLNAT: what stands for the client of a connection that is there. */
  readonly localOf: (connection: Connection) => Endpoint | undefined;
}

/**
 * Of a frame that is balanced, or of the packet that an ICMP error quotes: source, then target; of a tunnel's, also of the one inside; and the client
 * behind a local address.
 */
interface Ends {
  readonly ends: readonly Endpoint[];
  readonly call?: string | undefined;
  readonly protocol?: number;
  /** The client of the data connection that it names. */
  readonly named?: Endpoint | undefined;
}

/** FULLNAT: what a server sends to a local address is for the client behind it, or for one on the director that has this address and port, too. */
function endsBehind(seen: Ends, ports: LiveLocalPorts): Ends {
  const [source, target] = seen.ends;
  if (source === undefined || target === undefined || seen.protocol === undefined) return seen;
  const client = ports.clientOf(source, target, seen.protocol);
  return client === undefined ? seen : { ...seen, ends: [source, target, client] };
}

/** Also of the packet in a tunnel whose outer one is quoted. */
function endsQuoted(message: Message): readonly Endpoint[] {
  const inner = tunnelQuoteOf(message)?.inner;
  return [message.quoted.from, message.quoted.to, ...(inner === undefined ? [] : [inner.from, inner.to])];
}

function endsOf(bytes: Uint8Array, { kind, packet }: Parsed): Ends {
  if (packet === undefined) return { ends: [] };
  const message = kind === 'other' && !packet.fragment ? messageOf(bytes, packet) : undefined;
  if (message !== undefined) return { ends: endsQuoted(message) };
  const source = sourceOf(packet);
  return { ends: [source, targetOf(packet)], call: callOf(packet), protocol: packet.protocol, named: namedClient(bytes, packet, source) };
}

const withoutPort = (end: Endpoint | undefined): Endpoint | undefined =>
  end === undefined || end.port === 0 ? undefined : { ...end, port: 0 };

const clientsOf = ({ ends, named }: Ends): Clients => [...ends, ...ends.map(withoutPort), named];

const callOf = ({ data }: Packet): string | undefined => (data.length === 0 ? undefined : callIdOf(data));

/** The settings of the loaded datapath. */
function loadSettings({ settings, now }: PacketDirector, { conf }: Tables): void {
  const tcp = Object.fromEntries(TCP_STATES.map((state, number) => [state, conf.get(0, Conf.tcpTimeout, number)]));
  settings.setUnits(tcp, conf.get(0, Conf.udpTimeout));
  for (const name of sysctlNames) settings.setSysctl(name, conf.get(0, sysctlFields[name]) | 0);
  settings.defence.dropRate = conf.get(0, Conf.dropRate);
  const grace = graceOf(conf);
  settings.graceUntil = grace === undefined ? 0 : now + Math.ceil(grace.left * settings.unitsPerSecond);
}

function loadTables(
  director: PacketDirector,
  tables: Tables,
  seen: Ends,
  homes: TemplateHomes,
  starts: Chance['starts'] | undefined,
): LiveServices {
  const { ends, call } = seen;
  const [source, target] = ends;
  const clients = clientsOf(seen);
  const shown = { addresses: new Set(ends.map(({ address }) => address)), target: target?.address };
  const met = {
    services: new LiveServices(tables, director, shown, starts),
    now: director.now,
    keys: hashKeysOf(tables),
  };
  if (source === undefined) return met.services;
  const { exact, allPorts, sctp, sctpAllPorts, ipv6, ipv6AllPorts, sctp6, sctp6AllPorts } = director;
  if (familyOf(source.address) === 'inet') {
    loadConnections(exact, tables.conns(), undefined, ends, met);
    loadConnections(allPorts, tables.sideConns(WIDE_PINS), 'tuple', clients, met);
    loadConnections(sctp, tables.sideConns(SCTP_PINS), undefined, ends, met);
    loadConnections(sctpAllPorts, tables.sideConns(WIDE_SCTP_PINS), 'tuple', ends, met);
  } else {
    loadConnections(ipv6, tables.sideConns(IPV6_PINS), 'client', ends, met);
    loadConnections(ipv6AllPorts, tables.sideConns(WIDE6_PINS), 'client and tuple', clients, met);
    loadConnections(sctp6, tables.sideConns(SCTP6_PINS), 'client', ends, met);
    loadConnections(sctp6AllPorts, tables.sideConns(WIDE_SCTP6_PINS), 'client and tuple', ends, met);
  }
  const numbers = new Map([...met.services.all()].map(([number, service]) => [service, number]));
  const control = familyOf(source.address) === 'inet' ? exact : ipv6;
  loadFtpStreams(tables, control.connections.all(), ({ service }) => numbers.get(service) ?? 0);
  const templates = familyOf(source.address) === 'inet' ? director.templates : director.templates6;
  for (const { address } of ends) loadTemplates(templates, tables, address, call, homes, met);
  return met.services;
}

/** @throws SystemError as the maps' and the FIB's */
export function explainPacket(
  tables: Tables,
  environment: LiveEnvironment,
  hook: Hook,
  frame: Frame,
  chance: Partial<Chance> = {},
): ExplainedPacket {
  const { conf } = tables;
  const localPorts = new LiveLocalPorts(tables, chance.givesWay, chance.passesOver);
  const parsed = parseFrame(frame.bytes, frame.gsoSize ?? 0);
  const ends = endsBehind(endsOf(frame.bytes, parsed), localPorts);
  const homes = new TemplateHomes();
  const { dropsNext = () => false, starts, icmpAllowed = () => true, endsEarly = () => false } = chance;
  environment.comesBy(frame.device);
  environment.icmpAllowed = icmpAllowed;
  const director = new PacketDirector(environment, {
    buckets: LIVE_BUCKETS,
    templates: LIVE_TEMPLATES,
    hz: conf.get(0, Conf.hz),
    homeOf: liveHome(clientsOf(ends)),
    templateHash: homes.hash,
    dropsNext,
    localPorts,
  });
  director.now = clockNow(tables.conf);
  for (const { connections } of director.scopes) connections.endsEarly = endsEarly;
  loadSettings(director, tables);
  const services = loadTables(director, tables, ends, homes, starts);
  if (parsed.packet !== undefined) loadFragment(tables, director, parsed.packet, services);
  localPorts.idOf = (destination) => services.idOf(destination);
  localPorts.destinationAt = (id) => services.destination(id);
  const events: TraceEvent[] = [];
  director.trace = (event) => events.push(event);
  const outcome = director[hook](frame);
  const reasons = [...director.drops().keys()];
  return {
    outcome,
    reasons,
    events,
    hops: [...environment.asked],
    director,
    makesFlow: localPorts.made,
    mayPassOver: localPorts.mayPassOver,
    localOf: (connection) => localPorts.localOf(connection),
  };
}
