// Addresses in the records of services and destinations: words in the order of a packet, and the family beside them.
import type { Address } from '../../../model/address.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap32 } from '../../../wire/bytes.js';
import { AddressFamily, type Dest, type Service } from '../abi.gen.js';
import { type HashKeys, keyedHash } from './endpoint-table.js';

/** One word for IPv4, four for IPv6. */
export const packetWords = ({ words }: Address): readonly number[] => words.map(swap32);

/** The words of a packet's address as an address: one or four. */
export const modelAddress = (...packetOrder: readonly number[]): Address => ({
  family: packetOrder.length === 1 ? 'inet' : 'inet6',
  words: packetOrder.map(swap32),
});

const IPV6_WORDS = [0, 1, 2, 3] as const;

/** Is the record one of IPv6? */
export function isIpv6(records: Records, { family }: typeof Service | typeof Dest, id: number): boolean {
  return records.get(id, family) === AddressFamily.F_INET6;
}

/** The words of a record's address, in the order of a packet: one, or four of IPv6. */
export function recordedWords(records: Records, record: typeof Service | typeof Dest, id: number): readonly number[] {
  if (!isIpv6(records, record, id)) return [records.get(id, record.addr)];
  return IPV6_WORDS.map((k) => records.get(id, record.addr, k));
}

/** The address of a record. */
export function recordedAddress(records: Records, record: typeof Service | typeof Dest, id: number): Address {
  return modelAddress(...recordedWords(records, record, id));
}

/** Stores an address and its family in a record, word by word: the record must not be in use yet. */
export function storeAddress(records: Records, record: typeof Service | typeof Dest, id: number, address: Address): void {
  packetWords(address).forEach((word, k) => {
    records.set(id, record.addr, word, k);
  });
  records.set(id, record.family, address.family === 'inet' ? AddressFamily.F_INET : AddressFamily.F_INET6);
}

const pair = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);

/** address_hash() of bpf/director/endpoint6.h, of the four words of an IPv6 address. */
export function addressHash([a = 0, b = 0, c = 0, d = 0]: readonly number[], keys: HashKeys): number {
  return keyedHash(pair(keyedHash(pair(a, b), keys), keyedHash(pair(c, d), keys)), keys);
}
