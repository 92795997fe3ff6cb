// Which local address and port stands for the client of a connection by FULLNAT, as the datapath has it. Nothing changes.
import { existsSync } from 'node:fs';
import type { DestinationKey } from '../../../model/service.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord } from '../../../sys/bpf/records.js';
import { swap16, viewOf } from '../../../wire/bytes.js';
import { Abi, Dest } from '../abi.gen.js';
import { FullnatAbi, FullnatClient, FullnatPlace } from '../fullnat.gen.js';
import { Fullnat6Client } from '../fullnat6.gen.js';
import { FullnatPools } from './fullnat-pools.js';
import type { SlotConnection } from './living-slots.js';
import { packetWords } from './record-address.js';
import { fullnatPin, type Tables } from './tables.js';

const [POOL_SHIFT, PORT_MASK] = [16, 0xffff];

/** By what its flow is found: of a connection of the wide builds with its virtual endpoint. */
function keyOf({ client, port, dest, own }: SlotConnection): Uint8Array {
  const layout = client.length === 1 ? FullnatClient : Fullnat6Client;
  const key = { client, port: swap16(port) };
  if (own === undefined) return encodeRecord(layout, { ...key, dest });
  const { virtual, protocol } = own;
  const wide = { vaddr: packetWords(virtual.address), vport: swap16(virtual.port) };
  return encodeRecord(layout, { ...key, ...wide, dest: (dest | (protocol << FullnatAbi.FULLNAT_PROTOCOL_SHIFT)) >>> 0 });
}

/** Close it after use. */
export class FullnatFlows {
  /** By the words of their clients' addresses. */
  readonly #clients = new Map<number, BpfMap>();
  readonly #place = new Uint8Array(FullnatPlace.bytes);

  constructor(readonly tables: Tables) {
    for (const [words, family] of [
      [1, 'inet'],
      [4, 'inet6'],
    ] as const) {
      const path = `${tables.folder}/${fullnatPin(family, 'fullnat_clients')}`;
      if (existsSync(path)) this.#clients.set(words, BpfMap.pinned(path));
    }
  }

  /** Is it by FULLNAT? To the tables of connections it is one by masquerading. One past the servers has no destination's record. */
  isOf({ dest }: SlotConnection): boolean {
    const { dests } = this.tables;
    return this.#clients.size > 0 && dest < dests.count && (dests.get(dest, Dest.flags) & Abi.D_FULLNAT) !== 0;
  }

  /** undefined: it is not by FULLNAT, or its flow has ended. */
  localOf(connection: SlotConnection): DestinationKey | undefined {
    if (!this.isOf(connection)) return undefined;
    if (this.#clients.get(connection.client.length)?.lookup(keyOf(connection), this.#place) !== true) return undefined;
    const place = viewOf(this.#place).getUint32(FullnatPlace.place.at, true);
    const pools = new FullnatPools(this.tables);
    if (!pools.isOf(place >>> POOL_SHIFT, connection.dest)) return undefined;
    return { address: pools.localAt(place >>> POOL_SHIFT), port: place & PORT_MASK };
  }

  close(): void {
    for (const map of this.#clients.values()) map.close();
  }
}
