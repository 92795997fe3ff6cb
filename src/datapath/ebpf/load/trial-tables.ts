// The tables in which programs are tried: services with one destination each, and next hops as answers of the FIB would be cached, so that no
// program asks it.
import type { Address } from '../../../model/address.js';
import type { ServiceKey } from '../../../model/service.js';
import type { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../../sys/bpf/records.js';
import { type Mac, macBytes, ZERO_MAC } from '../../../wire/ethernet.js';
import { Abi, ClientHop, ClientHopSet, Conf, Dest, Egress, Interface, Nexthop, Service } from '../abi.gen.js';
import { ClientHop6Set } from '../abi6.gen.js';
import { writerOf } from '../recovery/batch.js';
import { hashKeysOf, keyedHash } from '../table/endpoint-table.js';
import { addressHash, packetWords, recordedWords } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { SOURCE_MAC, type StagedService } from './vectors/vector.js';

/** The interface that packets seem to come in by: not lo, since clients on the director skip some tests. */
export const FROM_OUTSIDE = 2;
/** The egress of the client's next hop. */
export const EGRESS = 1;
const ALWAYS_FRESH = 0xffffffff;
/** Cached answers of the FIB. */
const [IS_LOCAL, IS_ELSEWHERE] = [1, 2];

export interface StagedClient {
  readonly address: Address;
  readonly mac: Mac;
}

/** The memory of a map, shared with the kernel, for reading and writing. Closes the map. @throws SystemError */
export function mapped(map: BpfMap): ArrayBuffer {
  try {
    const { valueSize, maxEntries } = map.info();
    return map.mmap(Math.ceil(valueSize / 8) * 8 * maxEntries, true);
  } finally {
    map.close();
  }
}

/** A next hop out of `lo`, or none (NH_LOCAL). `at`: of the record, bytes. */
function writeHop(memory: ArrayBuffer, at: number, address: number, mac: string, flags: number): void {
  const hop = new Records(memory, memory.byteLength);
  const set = (field: Field, value: number, k = 0): void => hop.set(0, { ...field, at: at + field.at }, value, k);
  set(Nexthop.addr, address);
  set(Nexthop.ifindex, Abi.LOOPBACK);
  macBytes(mac).forEach((byte, k) => {
    set(Nexthop.dmac, byte, k);
  });
  macBytes(SOURCE_MAC).forEach((byte, k) => {
    set(Nexthop.smac, byte, k);
  });
  set(Nexthop.flags, flags);
}

/** The 32 bits by which a client's next hop is looked for. */
const knownBy = (tables: Tables, { family, ...rest }: Address): number => {
  const words = packetWords({ family, ...rest });
  return family === 'inet' ? (words[0] ?? 0) : addressHash(words, hashKeysOf(tables));
};

/** Where its set begins, bytes. */
export function clientHopAt(tables: Tables, hops: ArrayBuffer, { address }: StagedClient): number {
  const bytes = address.family === 'inet' ? ClientHopSet.bytes : ClientHop6Set.bytes;
  return (keyedHash(BigInt(knownBy(tables, address)), hashKeysOf(tables)) & (hops.byteLength / bytes - 1)) * bytes;
}

/** A MAC as the low bytes of a word. */
const macWord = (mac: string): bigint => macBytes(mac).reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);

/** The first entry of its set. */
export function writeClientHop(tables: Tables, hops: ArrayBuffer, egresses: ArrayBuffer, client: StagedClient): void {
  const { address, mac } = client;
  const at = clientHopAt(tables, hops, client);
  const set = new Records(hops, hops.byteLength);
  const placed = (field: Field): Field => ({ ...field, at: at + field.at });
  set.setBig(0, placed(ClientHop.known), BigInt(knownBy(tables, address)));
  set.setBig(0, placed(ClientHop.next), macWord(mac) | (BigInt(EGRESS) << BigInt(Abi.NEXT_EGRESS_SHIFT)));
  if (address.family === 'inet6') {
    packetWords(address).forEach((word, k) => {
      set.set(0, placed(ClientHop6Set.addr), word, k);
    });
  }
  const egress = new Records(egresses, Egress.bytes);
  const source = macWord(SOURCE_MAC) << 16n;
  egress.set(EGRESS, Egress.ifindex, Abi.LOOPBACK);
  egress.set(EGRESS, Egress.flags, Abi.NH_XDP);
  egress.set(EGRESS, Egress.smac, Number(source & 0xffffffffn), 0);
  egress.set(EGRESS, Egress.smac, Number(source >> 32n), 1);
}

/** What a destination's next hop is cached by: IPv6's words are folded (address_fold() of bpf/director/packet6.h). */
const hopAddress = ({ dests }: Tables, id: number): number => recordedWords(dests, Dest, id).reduce((fold, word) => (fold ^ word) >>> 0, 0);

const PERSISTENCE = { inet: { timeout: 300, netmask: 0xffffffff }, inet6: { timeout: 300, netmask: 128 } } as const;

const keyOf = ({ mark, protocol, address, port }: StagedService): ServiceKey =>
  mark === undefined ? { kind: 'address', protocol, address, port } : { kind: 'fwmark', family: address.family, mark };

/** Stores services for a trial: their numbers are 1, 2 …, and so are those of their destinations. */
export function setStage(tables: Tables, stage: readonly StagedService[]): void {
  const { conf, services, dests, interfaces } = tables;
  const writer = writerOf(tables);
  conf.set(0, Conf.freshFor, ALWAYS_FRESH);
  interfaces.set(Abi.LOOPBACK, Interface.ifindex, Abi.LOOPBACK);
  stage.forEach((staged, k) => {
    const { address, persistent, destination, hop, local } = staged;
    const key = keyOf(staged);
    const persistence = persistent === undefined ? {} : { persistence: PERSISTENCE[address.family] };
    writer.addService({ key, scheduler: 'wlc', schedFlags: 0, onePacket: false, ...persistence });
    writer.addDestination(key, destination);
    const id = k + 1;
    services.set(id, Service.local, local ? IS_LOCAL : IS_ELSEWHERE);
    dests.set(id, Dest.replyFrom, FROM_OUTSIDE); // their replies come in there
    const flags = hop === undefined ? Abi.NH_LOCAL : Abi.NH_XDP;
    writeHop(dests.memory, id * Dest.bytes + Dest.hop.at, hopAddress(tables, id), hop ?? ZERO_MAC, flags);
  });
}

/** Stores services, and a next hop of a client, for the trial of programs whose tables are thrown away afterwards. */
export function stageAll(object: ObjectFile, tables: Tables, services: readonly StagedService[], client: StagedClient): void {
  setStage(tables, services);
  writeClientHop(tables, mapped(object.map('client_hops')), mapped(object.map('egresses')), client);
}
