// Plays a history on a pair: what each of its actions means depends on the table and the connections that there are.
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import type { Endpoint } from '../../../src/datapath/memory/packets/endpoint.js';
import { familyOf, ipOf, textOf } from '../../../src/datapath/memory/packets/ip.js';
import { isMartian } from '../../../src/datapath/memory/packets/ipv4/ipv4.js';
import type { ServiceRecord } from '../../../src/datapath/memory/packets/records.js';
import { serviceFamily } from '../../../src/model/identity.js';
import { IpProtocol } from '../../../src/model/ip-protocol.js';
import { SIP } from '../../../src/model/persistence-engine.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../../src/model/service.js';
import { viewOf } from '../../../src/wire/bytes.js';
import { internetChecksum } from '../../../src/wire/checksum.js';
import { CLIENT, DEVICES, endOf, FAR_CLIENT, IPV6, ip, OWN, SERVERS } from '../fixtures/bed-addresses.js';
import { destination, serviceKey } from '../fixtures/fixture.js';
import { type Ends, frame } from '../fixtures/packets.js';
import { play as playTalk } from './ftp-talk.js';
import {
  type Action,
  type ChangeAction,
  type Form,
  type History,
  LIVE,
  type PacketAction,
  PLAIN,
  SERVICES,
  type Spoilt,
  sixOf,
} from './history.js';
import type { Pair } from './pair.js';
import { endText, esp, etherTypeOf, icmpAbout, isSix, segment } from './traffic.js';

const STATION = '02:00:00:00:0c:99';
const LO_MAC = '00:00:00:00:00:00';
/** As src/datapath/ebpf/load/firewall-path.ts has it. */
const ACCEPTED_MAC = '02:77:65:69:72:02';
/** BPF_PROG_TEST_RUN refuses what has no whole IPv6 header. */
const IPV6_CUT_MIN = 40;
/** The source address in the header, of IPv4 and of IPv6. */
const [SOURCE_AT, SOURCE6_AT] = [12, 8];

const HOPS_MAX = 255;
const NO_TUNNEL = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;
const KEY_EXCHANGE_PORT = 500;
/** Those of TCP's flags by which a datagram of a key exchange is ESP instead. */
const AS_ESP: ReadonlySet<string> = new Set(['A', 'PA', 'FA']);
const HOST_PREFIX = 128;
/** The length of an IPv6 prefix in the place of a mask: of a network, and of half of all addresses. */
const PREFIXES: ReadonlyMap<number, number> = new Map([
  [0xffffff00, 64],
  [0, 1],
]);

type Numbered = (typeof SERVICES)[number];

const markOf = (numbered: Numbered): number => ('mark' in numbered ? numbered.mark : 0);

function keyOf(numbered: Numbered): ServiceKey {
  const { protocol, address, port } = numbered;
  const mark = markOf(numbered);
  return mark === 0 ? serviceKey(protocol, address, port) : { kind: 'fwmark', family: ip(address).family, mark };
}

function recordOf(pair: Pair, numbered: Numbered): ServiceRecord | undefined {
  const { protocol, address, port } = numbered;
  const mark = markOf(numbered);
  if (mark !== 0) return pair.director.markedService(ip(address).family, mark);
  return pair.director.records.service(ipOf(ip(address)), port, IpProtocol[protocol]);
}

/** By its number, or from LIVE on one of those that there are. */
function serviceAt(pair: Pair, number: number): Numbered {
  const live = SERVICES.filter((each) => recordOf(pair, each)?.live);
  return (number < LIVE ? SERVICES[number] : at(live, number - LIVE)) ?? SERVICES[0];
}

/** twos is followed by its connections: it serves TCP alone, and nothing that has a mark. */
function specOf({
  service,
  scheduler,
  flags,
  onePacket,
  persistence,
}: Extract<ChangeAction, { what: 'add service' }>['spec']): ServiceSpec {
  const numbered = SERVICES[service] ?? SERVICES[0];
  const udpService = numbered.protocol === 'udp' || markOf(numbered) !== 0;
  const key = keyOf(numbered);
  const spec = { key, scheduler: udpService && scheduler === 'twos' ? 'rr' : scheduler, schedFlags: flags, onePacket };
  if (persistence === null) return spec;
  const { timeout, netmask: mask, sip } = persistence;
  const netmask = serviceFamily(key) === 'inet6' ? (PREFIXES.get(mask) ?? HOST_PREFIX) : mask;
  return { ...spec, persistence: { timeout, netmask, ...(sip && udpService ? { engine: SIP } : {}) } };
}

function destinationOf(
  { address, port }: { readonly address: string; readonly port: number },
  { method, tunnel, weight, thresholds }: Extract<ChangeAction, { what: 'add' }>['described'],
): DestinationSpec {
  const [upperThreshold = 0, lowerThreshold = 0] = thresholds;
  const locals = method === 'fullnat' ? { localAddresses: [ip(isSix(address) ? IPV6.own.back : OWN.back)] } : {};
  return { ...destination(endText(address, port), method, weight), ...locals, tunnel, upperThreshold, lowerThreshold };
}

const at = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)];

function changeBoth(pair: Pair, action: ChangeAction): void {
  switch (action.what) {
    case 'add service':
      pair.change({ kind: 'add-service', spec: specOf(action.spec) });
      return;
    case 'edit service':
      pair.change({ kind: 'edit-service', spec: specOf(action.spec) });
      return;
    case 'delete service':
      pair.change({ kind: 'delete-service', key: keyOf(serviceAt(pair, action.service)) });
      return;
    case 'sysctl':
      pair.setSysctl(action.setting[0] ?? '', action.setting[1] ?? '');
      return;
    case 'rp_filter':
      pair.filterReversePath(action.device, action.value);
      return;
    case 'grace':
      pair.beginGrace(action.seconds);
      return;
    case 'firewall':
      pair.passFirewall(action.passes);
      return;
    case 'timeouts': {
      const [tcpSeconds = 0, tcpFin = 0, udpSeconds = 0] = action.seconds;
      pair.setTimeouts({ tcp: tcpSeconds, tcpFin, udp: udpSeconds });
      return;
    }
    case 'add': {
      const service = keyOf(serviceAt(pair, action.service));
      const { address, port } = action.server;
      const { method, crossed } = action.described;
      const six = (serviceFamily(service) === 'inet6') !== (method === 'tunnel' && crossed);
      const server = { address: six ? sixOf(address) : address, port };
      pair.change({ kind: 'add-destination', service, spec: destinationOf(server, action.described) });
      return;
    }
  }
  const numbered = serviceAt(pair, action.service);
  const found = at(recordOf(pair, numbered)?.list ?? [], action.which);
  if (found === undefined) return;
  const place = { address: textOf(found.address), port: found.port };
  const service = keyOf(numbered);
  if (action.what === 'delete') pair.change({ kind: 'delete-destination', service, key: destination(placeOf(found), 'masq') });
  else pair.change({ kind: 'edit-destination', service, spec: destinationOf(place, action.described) });
}

/** Bytes overwritten, and cut short; `right`: with a right IPv4 header checksum again, so that what was spoilt is looked at. */
function spoil(packet: Uint8Array, spoilt: Spoilt): Uint8Array {
  if (spoilt === null) return packet;
  const isFour = (packet[0] ?? 0) >> 4 === 4;
  const copy = packet.slice(0, Math.max(spoilt.cut ?? packet.length, isFour ? 0 : IPV6_CUT_MIN));
  for (const { at: index, value } of spoilt.changes) if (index < copy.length) copy[index] = value;
  const header = (isFour ? (copy[0] ?? 0) & 15 : 0) * 4;
  if (!spoilt.right || header < 20 || copy.length < header) return copy;
  copy.set([0, 0], 10);
  const sum = internetChecksum(copy.subarray(0, header));
  copy.set([sum >> 8, sum & 0xff], 10);
  return copy;
}

interface Sent {
  readonly packet: Uint8Array;
  /** To which it belongs. */
  readonly address: string;
  readonly side: 'front' | 'back';
  /** Of a packet that is led to weir's own device, or stays on lo. */
  readonly mark?: number;
  /** Of which the packet was made. */
  readonly form?: Form;
}

/** Fragments are cut already, and a datagram without a checksum is never put together. */
const segmentBytesOf = ({ segmentBytes, data, fragment, sum }: Form): number =>
  fragment === 'whole' && sum !== 'none' && data > 0 ? segmentBytes : 0;

const hasTunnels = (pair: Pair): boolean =>
  [...pair.director.records.services()].some(({ list, retired }) => [...list, ...retired].some(({ method }) => method === 'tunnel')) ||
  [...pair.director.living()].some(({ method }) => method === 'tunnel');

function send(
  pair: Pair,
  { packet, address, side, mark = 0, form = PLAIN }: Sent,
  { hook, spoilt }: { readonly hook: 'in' | 'lo' | 'out' | 'accepted'; readonly spoilt: Spoilt },
): void {
  const device = hook === 'lo' ? 'lo' : side;
  const accepted = hook === 'accepted' && side === 'front' && !isOfServers(packet);
  const to = accepted ? ACCEPTED_MAC : device === 'lo' ? LO_MAC : DEVICES[device].mac;
  const changed = spoil(packet, spoilt);
  // XDP does not look at the source of a packet whose connection it finds: a martian from the wire has none, unless the director made it.
  if (device === 'lo' && !isSix(address) && isMartian(viewOf(changed).getUint32(SOURCE_AT))) return;
  // Of what is cut later, a test run gives no type by which the kernel could encapsulate it.
  const segmentBytes = spoilt === null && !hasTunnels(pair) ? segmentBytesOf(form) : 0;
  pair.send(hook === 'out', device, frame(STATION, to, changed, etherTypeOf(address)), {
    mark: accepted ? 0 : mark,
    segmentBytes,
    accepted,
  });
}

/** What comes back from the packet filter was for a service, and so is no server's. */
const isOfServers = (packet: Uint8Array): boolean =>
  Buffer.from(packet)
    .subarray(SOURCE_AT, SOURCE_AT + 3)
    .equals(Buffer.of(10, 0, 2)) ||
  Buffer.from(packet)
    .subarray(SOURCE6_AT, SOURCE6_AT + 4)
    .equals(Buffer.of(0xfd, 0, 0, 2));

const ends = (from: string, to: string): Ends => ({ from, to });
const placeOf = ({ address, port }: Endpoint): string => endText(textOf(address), port);

const [FTP_PORT, PRIVILEGED_PORTS] = [21, 1024] as const;

/** Whom a client's packets to a service are for; `port`: where it has all, or of FTP's data. */
const targetOf = ({ address, port: own }: Numbered, port: number): string => {
  const isData = own === FTP_PORT && (port === 20 || port >= PRIVILEGED_PORTS);
  return endText(address, own === 0 || isData ? port : own);
};

/** From where a connection's server answers: by NAT from its own address, else from the service's. */
const answerer = ({ method, server, virtual }: Connection): string => placeOf(method === 'masq' ? server : virtual);

/** Whom a connection's server knows as its client: of FULLNAT a local address. */
const clientAtServer = ({ director }: Pair, connection: Connection): string =>
  placeOf(director.localPorts.known(connection, director.now) ?? connection.client);

function connectionAt(pair: Pair, which: number): Connection | undefined {
  return at([...pair.director.living()], which);
}

/** A packet of a history; between the ports of a key exchange some are ESP. */
function carried(protocol: number, between: Ends, letters: string, form: Form): Uint8Array {
  const isExchange = [between.from, between.to].every((end) => endOf(end).port === KEY_EXCHANGE_PORT);
  return isExchange && AS_ESP.has(letters) ? esp(between, form) : segment(protocol, between, letters, form);
}

function goOn(pair: Pair, action: Extract<PacketAction, { what: 'go on' }>): void {
  const connection = connectionAt(pair, action.which);
  if (connection === undefined) return;
  const { protocol, virtual } = connection;
  const client = placeOf(connection.client);
  const [from, to] = action.fromServer ? [answerer(connection), clientAtServer(pair, connection)] : [client, placeOf(virtual)];
  // A fragment may begin a control connection of FTP again: the helper does not read it, and so keeps what it knows of the one before.
  const isControl = connection.destination.helped && virtual.port === FTP_PORT;
  const form: Form = isControl ? { ...action.form, fragment: 'whole' } : action.form;
  const packet = carried(protocol, ends(from, to), action.letters, form);
  send(pair, { packet, address: to, side: action.fromServer ? 'back' : 'front', form }, action);
}

function begin(pair: Pair, action: Extract<PacketAction, { what: 'begin' }>): void {
  const numbered = serviceAt(pair, action.service);
  const server = at(recordOf(pair, numbered)?.list ?? [], action.which);
  if (server === undefined || familyOf(server.address) !== ip(numbered.address).family) return;
  const { address, port } = action.client;
  const to = endText(isSix(numbered.address) ? sixOf(address) : address, port);
  const packet = carried(IpProtocol[numbered.protocol], ends(placeOf(server), to), action.letters, action.form);
  send(pair, { packet, address: to, side: 'back', form: action.form }, action);
}

function icmp(pair: Pair, action: Extract<PacketAction, { what: 'icmp' }>): void {
  const connection = connectionAt(pair, action.which);
  if (connection === undefined) return;
  const { protocol, virtual, server } = connection;
  const client = placeOf(connection.client);
  // What a server of the other family gets is within a tunnel.
  const asked = familyOf(server.address) === familyOf(virtual.address) ? server : virtual;
  const about = action.toService ? ends(placeOf(virtual), client) : ends(clientAtServer(pair, connection), placeOf(asked));
  const packet = icmpAbout(protocol, about, action.type, action.form);
  send(pair, { packet, address: client, side: action.toService ? 'front' : 'back' }, action);
}

function request(pair: Pair, action: Extract<PacketAction, { what: 'request' }>): void {
  const service = serviceAt(pair, action.service);
  const { protocol, address } = service;
  const to = targetOf(service, action.port);
  const from = endText(isSix(address) ? sixOf(action.client.address) : action.client.address, action.client.port);
  const mark = markOf(service);
  // Forwarding has lowered the hops of what comes to weir's own device, and the stack passes on nothing that is spoilt.
  const ttl = action.form.ttl === HOPS_MAX ? PLAIN.ttl : action.form.ttl;
  const { form, spoilt }: Pick<typeof action, 'form' | 'spoilt'> = mark === 0 ? action : { form: { ...action.form, ttl }, spoilt: null };
  const packet = carried(IpProtocol[protocol], ends(from, to), action.letters, form);
  send(pair, { packet, address, side: 'front', mark, form }, { hook: action.hook, spoilt });
}

function crowd(pair: Pair, { service: number, port, count, letters }: Extract<PacketAction, { what: 'crowd' }>): void {
  const service = serviceAt(pair, number);
  const { protocol, address } = service;
  const to = targetOf(service, port);
  for (let n = 0; n < count; n++) {
    const host = 128 + (n % 64);
    const from = endText(isSix(address) ? `fd00:1::${host.toString(16)}` : `10.0.1.${host}`, 1024 + Math.floor(n / 64));
    const packet = segment(IpProtocol[protocol], ends(from, to), letters, PLAIN);
    send(pair, { packet, address, side: 'front', mark: markOf(service) }, { hook: 'in', spoilt: null });
  }
}

function sendBoth(pair: Pair, action: PacketAction): void {
  switch (action.what) {
    case 'request':
      request(pair, action);
      return;
    case 'go on':
      goOn(pair, action);
      return;
    case 'begin':
      begin(pair, action);
      return;
    case 'icmp':
      icmp(pair, action);
      return;
    case 'crowd':
      crowd(pair, action);
  }
}

/** By a service of FTP, which gets what it is missing. */
async function talkBoth(pair: Pair, action: Extract<Action, { what: 'talk' }>): Promise<void> {
  const service = SERVICES.find(({ address, port }) => port === FTP_PORT && isSix(address) === action.six);
  if (service === undefined) return;
  const [key, { address: vip }] = [keyOf(service), service];
  const [server, described] = [SERVERS[0], { weight: 1, thresholds: [0, 0], tunnel: NO_TUNNEL, crossed: false } as const];
  const place = { address: action.six ? sixOf(server) : server, port: FTP_PORT };
  const spec = destinationOf(place, { ...described, method: action.method });
  if (!recordOf(pair, service)?.live) pair.change({ kind: 'add-service', spec: { key, scheduler: 'rr', schedFlags: 0, onePacket: false } });
  if (recordOf(pair, service)?.list.length === 0) pair.change({ kind: 'add-destination', service: key, spec });
  await pair.pass(0);
  const four = action.far ? FAR_CLIENT : CLIENT;
  playTalk(pair, { client: action.six ? sixOf(four) : four, vip }, action, (packet, address, side) =>
    send(pair, { packet, address, side }, { hook: 'in', spoilt: null }),
  );
}

const isPacket = (action: Action): action is PacketAction => ['request', 'go on', 'begin', 'icmp', 'crowd'].includes(action.what);

/** @throws AssertionError at the first difference */
export async function play(pair: Pair, { beginning, actions }: History): Promise<void> {
  if (beginning.reversePath !== 0) pair.filterReversePath('front', beginning.reversePath);
  for (const spec of beginning.services) changeBoth(pair, { what: 'add service', spec });
  for (const each of beginning.destinations) changeBoth(pair, { what: 'add', ...each });
  for (const action of actions) {
    if (pair.disturbed) return;
    if (action.what === 'time') await pair.pass(action.seconds);
    else if (action.what === 'talk') await talkBoth(pair, action);
    else if (isPacket(action)) sendBoth(pair, action);
    else {
      changeBoth(pair, action);
      await pair.pass(0);
    }
  }
}
