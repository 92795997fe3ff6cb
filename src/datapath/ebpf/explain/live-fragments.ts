// What the loaded datapath knows of the packet that one fragment is of: the note that its first fragment left.
import type { Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { encodeRecord, readField } from '../../../sys/bpf/records.js';
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { swap16, swap32, viewOf } from '../../../wire/bytes.js';
import { type FragmentNote, fragmentKey, NOTE_SECONDS } from '../../memory/packets/fragments.js';
import { addressOf, familyOf, type Ip, ipOf } from '../../memory/packets/ip.js';
import type { Packet } from '../../memory/packets/packet.js';
import type { PacketDirector } from '../../memory/packets/packet-director.js';
import { Fragment, FragmentAbi, FragmentKey, FragmentKind, FragmentServer } from '../fragment.gen.js';
import { connectionMethodName } from '../table/identity.js';
import { modelAddress, packetWords } from '../table/record-address.js';
import { FRAGMENT_SERVERS_PIN, FRAGMENTS_PIN, type Tables } from '../table/tables.js';
import type { LiveServices } from './live-services.js';

/** Of a packet of which others are not known. */
const NOT_WHOLE = { from: 0, to: 8 };

const wordsOf = (ip: Ip): readonly number[] => packetWords(addressOf(ip));

/** An ID between a packet's order, as records have it in a word, and the host's. */
const swapId = ({ source }: Packet, id: number): number => (familyOf(source) === 'inet' ? swap16(id) : swap32(id));

const ADDRESS_WORDS: Readonly<Record<Family, readonly number[]>> = { inet: [0], inet6: [0, 1, 2, 3] };

/** An address in a record of fragments, whose family is its packet's: IPv4 is in the first of four words, and so may all be that IPv6 has. */
export function addressAt(record: Uint8Array, at: number, family: Family): Ip {
  return ipOf(modelAddress(...ADDRESS_WORDS[family].map((k) => viewOf(record).getUint32(at + k * 4, true))));
}

function valueIn(tables: Tables, pin: string, key: Uint8Array, bytes: number): Uint8Array | undefined {
  const map = unlessCode(() => tables.open(pin), ['ENOENT'], undefined);
  if (map === undefined) return undefined;
  const value = new Uint8Array(bytes);
  return using(map, () => map.lookup(key, value)) ? value : undefined;
}

const kindOf = (value: Uint8Array): number => viewOf(value).getUint32(Fragment.word.at + FragmentAbi.FRAGMENT_KIND_SHIFT / 8, true);

function noteIn(value: Uint8Array, packet: Packet, services: LiveServices): FragmentNote | undefined {
  const kind = kindOf(value);
  if (kind === FragmentKind.FRAGMENT_PASS) return { kind: 'pass' };
  if (kind === FragmentKind.FRAGMENT_DROP) return { kind: 'drop' };
  if (kind !== FragmentKind.FRAGMENT_REQUEST && kind !== FragmentKind.FRAGMENT_REPLY) return undefined;
  const destination = services.destination(readField(value, Fragment.dest));
  if (destination === undefined) return { kind: 'drop' };
  const source = addressAt(value, Fragment.addr.at, packet.family);
  const byFlow = readField(value, Fragment.byFlow) !== 0;
  if (kind === FragmentKind.FRAGMENT_REPLY)
    return { kind: 'reply', destination, virtual: source, ...(byFlow && { client: addressAt(value, Fragment.to.at, packet.family) }) };
  const port = viewOf(value).getUint32(Fragment.to.at, true);
  const local = { address: source, port, id: swapId(packet, readField(value, Fragment.id)) };
  return { kind: 'request', destination, method: connectionMethodName(readField(value, Fragment.method)), ...(byFlow && { local }) };
}

/** Is all but the first word of the address of a server 0? It may be of either family: the programs take it for both, too. */
const hasOneWord = (server: Uint8Array): boolean => server.subarray(4).every((byte) => byte === 0);

/** Gives the reference director the servers of a family that are known, and their packets' IDs. */
function loadServers(tables: Tables, { fragments }: PacketDirector, family: Family): void {
  const map = unlessCode(() => tables.open(FRAGMENT_SERVERS_PIN), ['ENOENT'], undefined);
  if (map === undefined) return;
  using(map, () => {
    const id = new Uint8Array(4);
    for (const key of map.keys()) {
      if (family === 'inet' && !hasOneWord(key)) continue;
      if (map.lookup(key, id)) fragments.servers.set(addressAt(key, FragmentServer.addr.at, family), viewOf(id).getUint32(0, true));
    }
  });
}

/** Gives the reference director what a fragment goes by, of SCTP the packet's length, and the IDs for packets that are in fragments, or may be cut. */
export function loadFragment(tables: Tables, director: PacketDirector, packet: Packet, services: LiveServices): void {
  const { part, family, source, destination, protocol } = packet;
  if (packet.fragment || !packet.dontFragment) loadServers(tables, director, family);
  if (part === undefined) return;
  const ends = { saddr: wordsOf(source), daddr: wordsOf(destination) };
  const key = encodeRecord(FragmentKey, { ...ends, id: swapId(packet, part.id), protocol: family === 'inet' ? protocol : 0 });
  const value = valueIn(tables, FRAGMENTS_PIN, key, Fragment.bytes);
  if (value === undefined || ((readField(value, Fragment.until) - director.now) | 0) < 0) return;
  const name = fragmentKey(packet, part.id);
  const until = director.now + NOTE_SECONDS;
  if (!part.later && kindOf(value) === FragmentKind.FRAGMENT_WAITING) {
    if (protocol === IpProtocol.sctp) director.fragments.setWhole(name, readField(value, Fragment.whole), until);
    return;
  }
  const isWhole = viewOf(value).getBigUint64(Fragment.gaps.at, true) === 0n;
  const note = isWhole ? undefined : noteIn(value, packet, services);
  if (note !== undefined) director.fragments.store(name, note, until, 0, NOT_WHOLE);
}
