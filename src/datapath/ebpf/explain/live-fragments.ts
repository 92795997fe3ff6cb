// What the loaded datapath knows of the packet that one fragment is of: the note that its first fragment left.
import { encodeRecord, readField } from '../../../sys/bpf/records.js';
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { swap16, swap32, viewOf } from '../../../wire/bytes.js';
import { type FragmentNote, fragmentKey, NOTE_SECONDS } from '../../memory/packets/fragments.js';
import { addressOf, familyOf, type Ip, ipOf } from '../../memory/packets/ip.js';
import type { Packet } from '../../memory/packets/packet.js';
import type { PacketDirector } from '../../memory/packets/packet-director.js';
import { Fragment, FragmentAbi, FragmentKey, FragmentKind } from '../fragment.gen.js';
import { connectionMethodName } from '../table/identity.js';
import { modelAddress, packetWords } from '../table/record-address.js';
import { FRAGMENT_SERVERS_PIN, FRAGMENTS_PIN, type Tables } from '../table/tables.js';
import type { LiveServices } from './live-services.js';

const wordsOf = (ip: Ip): readonly number[] => packetWords(addressOf(ip));

/** The id as the packet has it, in the key's word. */
const idWord = ({ source, part }: Packet): number => (familyOf(source) === 'inet' ? swap16(part?.id ?? 0) : swap32(part?.id ?? 0));

function valueIn(tables: Tables, pin: string, key: Uint8Array, bytes: number): Uint8Array | undefined {
  const map = unlessCode(() => tables.open(pin), ['ENOENT'], undefined);
  if (map === undefined) return undefined;
  const value = new Uint8Array(bytes);
  return using(map, () => map.lookup(key, value)) ? value : undefined;
}

function noteIn(value: Uint8Array, packet: Packet, services: LiveServices): FragmentNote | undefined {
  const view = viewOf(value);
  const kind = view.getUint32(Fragment.word.at + FragmentAbi.FRAGMENT_KIND_SHIFT / 8, true);
  if (kind === FragmentKind.FRAGMENT_PASS) return { kind: 'pass' };
  if (kind === FragmentKind.FRAGMENT_DROP) return { kind: 'drop' };
  if (kind !== FragmentKind.FRAGMENT_REQUEST && kind !== FragmentKind.FRAGMENT_REPLY) return undefined;
  const destination = services.destination(readField(value, Fragment.dest));
  if (destination === undefined) return { kind: 'drop' };
  if (kind === FragmentKind.FRAGMENT_REQUEST)
    return { kind: 'request', destination, method: connectionMethodName(readField(value, Fragment.method)) };
  const count = familyOf(packet.source) === 'inet' ? 1 : 4;
  const words = Array.from({ length: count }, (_, k) => view.getUint32(Fragment.addr.at + k * 4, true));
  return { kind: 'reply', destination, virtual: ipOf(modelAddress(...words)) };
}

/** Gives the reference director what a later fragment goes by. */
export function loadFragment(tables: Tables, director: PacketDirector, packet: Packet, services: LiveServices): void {
  const { part, source, destination, protocol } = packet;
  if (part?.later !== true) return;
  const server = wordsOf(source);
  if (valueIn(tables, FRAGMENT_SERVERS_PIN, encodeRecord(FragmentKey, { saddr: server }).subarray(0, 16), 4) !== undefined)
    director.fragments.servers.add(source);
  const key = encodeRecord(FragmentKey, { saddr: server, daddr: wordsOf(destination), id: idWord(packet), protocol });
  const value = valueIn(tables, FRAGMENTS_PIN, key, Fragment.bytes);
  if (value === undefined || ((readField(value, Fragment.until) - director.now) | 0) < 0) return;
  const note = noteIn(value, packet, services);
  if (note !== undefined) director.fragments.store(fragmentKey(packet, part.id), note, director.now + NOTE_SECONDS, 0);
}
