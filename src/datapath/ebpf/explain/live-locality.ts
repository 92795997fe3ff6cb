// What lblc and lblcr know of one address: the destinations that serve it, in their hash map.
import { Records } from '../../../sys/bpf/records.js';
import { swap32 } from '../../../wire/bytes.js';
import { type Ip, wordsOf } from '../../memory/packets/ip.js';
import { Abi, Conf, Service } from '../abi.gen.js';
import { Locality, LocalityAbi, LocalityKey } from '../locality.gen.js';
import { clockNow } from '../table/clock.js';
import type { Tables } from '../table/tables.js';

const LOCALITIES_PIN = 'localities';
/** The datapath's clock and jiffies are compared by so many bits. */
const JIFFIES_BITS = 32 + Abi.CLOCK_SHIFT;

interface LiveLocality {
  /** Numbers of destinations, the newest first. */
  readonly members: readonly number[];
  /** Jiffies since one last joined or left. */
  readonly age: number;
}

/** undefined: nothing is known of it. */
export function liveLocality(tables: Tables, service: number, address: Ip): LiveLocality | undefined {
  const map = tables.open(LOCALITIES_PIN);
  const key = new Records(new ArrayBuffer(LocalityKey.bytes), LocalityKey.bytes);
  const value = new Records(new ArrayBuffer(Locality.bytes), Locality.bytes);
  key.set(0, LocalityKey.service, service);
  key.set(0, LocalityKey.started, tables.services.get(service, Service.started));
  for (const [k, word] of wordsOf(address).entries()) key.set(0, LocalityKey.addr, swap32(word), k);
  const part = (number: number): boolean => {
    key.set(0, LocalityKey.part, number);
    return map.lookup(new Uint8Array(key.memory), new Uint8Array(value.memory));
  };
  try {
    if (!part(0)) return undefined;
    const [size, changed] = [value.get(0, Locality.size), value.big(0, Locality.changed)];
    const members: number[] = [];
    for (let number = 0; members.length < size && part(number); number++)
      for (let k = 0; k < LocalityAbi.LOCALITY_MEMBERS && members.length < size; k++) members.push(value.get(0, Locality.member, k));
    return { members: members.reverse(), age: sinceJiffies(tables, changed) };
  } finally {
    map.close();
  }
}

function sinceJiffies({ conf }: Tables, jiffies: bigint): number {
  const now = BigInt(clockNow(conf)) << BigInt(Abi.CLOCK_SHIFT);
  const age = Number(BigInt.asUintN(JIFFIES_BITS, now - jiffies));
  return age > 2 ** (JIFFIES_BITS - 1) || conf.get(0, Conf.hz) === 0 ? 0 : age;
}
