// Plays a history on a pair: what each of its actions means depends on the table and the connections that there are.
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { isMartian } from '../../../src/datapath/memory/packets/parse.js';
import type { ServiceRecord } from '../../../src/datapath/memory/packets/records.js';
import { IpProtocol } from '../../../src/model/ip-protocol.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../../src/model/service.js';
import { viewOf } from '../../../src/wire/bytes.js';
import { internetChecksum } from '../../../src/wire/checksum.js';
import { encodeIcmp } from '../../../src/wire/icmp.js';
import { DEVICES } from '../fixtures/bed-addresses.js';
import { destination, serviceKey } from '../fixtures/fixture.js';
import { bytes, frame, type IpPart, ipPacket, tcp, udp } from '../fixtures/packets.js';
import { dotted } from './bed-environment.js';
import { type Action, type ChangeAction, type Form, type History, type PacketAction, SERVICES, type Spoilt } from './history.js';
import type { Pair } from './pair.js';

const STATION = '02:00:00:00:0c:99';
const LO_MAC = '00:00:00:00:00:00';
/** The source address in the IP header. */
const SOURCE_AT = 12;

const keyOf = (service: number): ServiceKey => {
  const { protocol, address, port } = SERVICES[service] ?? SERVICES[0];
  return serviceKey(protocol, address, port);
};

/** twos is followed by its connections: it serves TCP alone. */
function specOf({ service, scheduler, flags, onePacket }: Extract<ChangeAction, { what: 'add service' }>['spec']): ServiceSpec {
  const udpService = SERVICES[service]?.protocol === 'udp';
  return { key: keyOf(service), scheduler: udpService && scheduler === 'twos' ? 'rr' : scheduler, schedFlags: flags, onePacket };
}

function destinationOf(
  { address, port }: { readonly address: string; readonly port: number },
  { method, weight, thresholds }: Extract<ChangeAction, { what: 'add' }>['described'],
): DestinationSpec {
  const [upperThreshold = 0, lowerThreshold = 0] = thresholds;
  return { ...destination(`${address}:${port}`, method, weight), upperThreshold, lowerThreshold };
}

const at = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)];

function recordOf(pair: Pair, service: number): ServiceRecord | undefined {
  const { protocol, address, port } = SERVICES[service] ?? SERVICES[0];
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return pair.director.records.service(number, port, IpProtocol[protocol]);
}

function changeBoth(pair: Pair, action: ChangeAction): void {
  switch (action.what) {
    case 'add service':
      pair.change({ kind: 'add-service', spec: specOf(action.spec) });
      return;
    case 'edit service':
      pair.change({ kind: 'edit-service', spec: specOf(action.spec) });
      return;
    case 'delete service':
      pair.change({ kind: 'delete-service', key: keyOf(action.service) });
      return;
    case 'sysctl':
      pair.setSysctl(action.setting[0] ?? '', action.setting[1] ?? '');
      return;
    case 'timeouts': {
      const [tcpSeconds = 0, tcpFin = 0, udpSeconds = 0] = action.seconds;
      pair.setTimeouts({ tcp: tcpSeconds, tcpFin, udp: udpSeconds });
      return;
    }
    case 'add':
      pair.change({ kind: 'add-destination', service: keyOf(action.service), spec: destinationOf(action.server, action.described) });
      return;
  }
  const found = at(recordOf(pair, action.service)?.list ?? [], action.which);
  if (found === undefined) return;
  const place = { address: dotted(found.address), port: found.port };
  const service = keyOf(action.service);
  if (action.what === 'delete')
    pair.change({ kind: 'delete-destination', service, key: destination(`${place.address}:${place.port}`, 'masq') });
  else pair.change({ kind: 'edit-destination', service, spec: destinationOf(place, action.described) });
}

const [MORE_FRAGMENTS, DONT_FRAGMENT] = [1, 2];

function partOf({ ttl, dontFragment, options, fragment }: Form): IpPart {
  const flags = (dontFragment ? DONT_FRAGMENT : 0) | (fragment === 'first' ? MORE_FRAGMENTS : 0);
  return { ttl, flags, fragmentOffset: fragment === 'later' ? 185 : 0, options: new Uint8Array(options).fill(1) };
}

/** A packet of TCP or UDP. `ends`: `address:port`. */
function segment(protocol: number, ends: { readonly from: string; readonly to: string }, letters: string, form: Form): Uint8Array {
  const part = { ...partOf(form), data: bytes(form.data) };
  if (protocol === IpProtocol.tcp) return tcp(ends, letters, form.sum === 'wrong' ? { ...part, segment: { checksum: 0xdead } } : part);
  const udpChecksum = form.sum === 'none' ? 0 : form.sum === 'wrong' ? 0xbeef : undefined;
  return udp(ends, udpChecksum === undefined ? part : { ...part, udpChecksum });
}

/** Bytes overwritten, and cut short; `right`: with a right IP header checksum again, so that what was spoilt is looked at. */
function spoil(packet: Uint8Array, spoilt: Spoilt): Uint8Array {
  if (spoilt === null) return packet;
  const copy = packet.slice(0, spoilt.cut ?? packet.length);
  for (const { at: index, value } of spoilt.changes) if (index < copy.length) copy[index] = value;
  const header = ((copy[0] ?? 0) & 15) * 4;
  if (!spoilt.right || header < 20 || copy.length < header) return copy;
  copy.set([0, 0], 10);
  const sum = internetChecksum(copy.subarray(0, header));
  copy.set([sum >> 8, sum & 0xff], 10);
  return copy;
}

function send(
  pair: Pair,
  packet: Uint8Array,
  side: 'front' | 'back',
  { hook, spoilt }: { readonly hook: 'in' | 'lo' | 'out'; readonly spoilt: Spoilt },
): void {
  const device = hook === 'lo' ? 'lo' : side;
  const to = device === 'lo' ? LO_MAC : DEVICES[device].mac;
  const changed = spoil(packet, spoilt);
  // XDP does not look at the source of a packet whose connection it finds: a martian from the wire has none, unless the director made it.
  if (device === 'lo' && isMartian(viewOf(changed).getUint32(SOURCE_AT))) return;
  pair.send(hook === 'out', device, frame(STATION, to, changed));
}

const ends = (from: string, to: string): { readonly from: string; readonly to: string } => ({ from, to });
const clientOf = ({ client, port }: Connection): string => `${dotted(client)}:${port}`;
const placeOf = ({ address, port }: { readonly address: number; readonly port: number }): string => `${dotted(address)}:${port}`;

/** From where a connection's server answers: by NAT from its own address, else from the service's. */
const answerer = ({ method, destination: server, service }: Connection): string => placeOf(method === 'masq' ? server : service);

function connectionAt(pair: Pair, which: number): Connection | undefined {
  return at(
    [...pair.director.connections.entries()].map(([, connection]) => connection),
    which,
  );
}

function goOn(pair: Pair, action: Extract<PacketAction, { what: 'go on' }>): void {
  const connection = connectionAt(pair, action.which);
  if (connection === undefined) return;
  const { service } = connection;
  const [from, to] = action.fromServer ? [answerer(connection), clientOf(connection)] : [clientOf(connection), placeOf(service)];
  send(pair, segment(service.protocol, ends(from, to), action.letters, action.form), action.fromServer ? 'back' : 'front', action);
}

/** An error about a packet of a connection, by a host on the way. */
function icmp(pair: Pair, action: Extract<PacketAction, { what: 'icmp' }>): void {
  const connection = connectionAt(pair, action.which);
  if (connection === undefined) return;
  const { service, destination: server } = connection;
  const [from, to] = action.toService ? [placeOf(service), clientOf(connection)] : [clientOf(connection), placeOf(server)];
  const about = segment(service.protocol, ends(from, to), 'A', { ...action.form, options: 0, fragment: 'whole' });
  const wrong = action.form.sum === 'wrong' ? { checksum: 0x1234 } : {};
  const message = encodeIcmp({ type: action.type, code: 1, rest: 0, body: about.slice(0, 28 + action.form.data), ...wrong });
  const target = from.split(':')[0] ?? '';
  send(pair, ipPacket('10.0.2.11', target, IpProtocol.icmp, message, partOf(action.form)), action.toService ? 'front' : 'back', action);
}

function crowd(pair: Pair, { service, count, letters }: Extract<PacketAction, { what: 'crowd' }>): void {
  const { protocol, address, port } = SERVICES[service] ?? SERVICES[0];
  for (let n = 0; n < count; n++) {
    const from = `10.0.1.${128 + (n % 64)}:${1024 + Math.floor(n / 64)}`;
    const part = protocol === 'tcp' ? tcp(ends(from, `${address}:${port}`), letters) : udp(ends(from, `${address}:${port}`));
    send(pair, part, 'front', { hook: 'in', spoilt: null });
  }
}

function sendBoth(pair: Pair, action: PacketAction): void {
  switch (action.what) {
    case 'request': {
      const { protocol, address, port } = SERVICES[action.service] ?? SERVICES[0];
      const between = ends(`${action.client.address}:${action.client.port}`, `${address}:${port}`);
      send(pair, segment(IpProtocol[protocol], between, action.letters, action.form), 'front', action);
      return;
    }
    case 'go on':
      goOn(pair, action);
      return;
    case 'icmp':
      icmp(pair, action);
      return;
    case 'crowd':
      crowd(pair, action);
  }
}

const isPacket = (action: Action): action is PacketAction => ['request', 'go on', 'icmp', 'crowd'].includes(action.what);

/** @throws AssertionError at the first difference */
export async function play(pair: Pair, { beginning, actions }: History): Promise<void> {
  for (const spec of beginning.services) changeBoth(pair, { what: 'add service', spec });
  for (const each of beginning.destinations) changeBoth(pair, { what: 'add', ...each });
  for (const action of actions) {
    if (pair.disturbed) return;
    if (action.what === 'time') await pair.pass(action.seconds);
    else if (isPacket(action)) sendBoth(pair, action);
    else {
      changeBoth(pair, action);
      await pair.pass(0);
    }
  }
}
