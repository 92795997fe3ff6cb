// Which local address and port stands for the client of a connection by FULLNAT, as the datapath has it. Nothing changes.
import { existsSync } from 'node:fs';
import type { DestinationKey } from '../../../model/service.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord } from '../../../sys/bpf/records.js';
import { swap16, viewOf } from '../../../wire/bytes.js';
import { Abi, Dest } from '../abi.gen.js';
import { FullnatClient } from '../fullnat.gen.js';
import { FullnatPools } from './fullnat-pools.js';
import type { SlotConnection } from './living-slots.js';
import type { Tables } from './tables.js';

const CLIENTS_PIN = 'fullnat_clients';
const PLACE_BYTES = 4;
const [POOL_SHIFT, PORT_MASK] = [16, 0xffff];

/** Close it after use. */
export class FullnatFlows {
  readonly #clients: BpfMap | undefined;
  readonly #place = new Uint8Array(PLACE_BYTES);

  constructor(readonly tables: Tables) {
    const path = `${tables.folder}/${CLIENTS_PIN}`;
    this.#clients = existsSync(path) ? BpfMap.pinned(path) : undefined;
  }

  /** Is it by FULLNAT? To the tables of connections it is one by masquerading. One past the servers has no destination's record. */
  isOf({ dest }: SlotConnection): boolean {
    const { dests } = this.tables;
    return this.#clients !== undefined && dest < dests.count && (dests.get(dest, Dest.flags) & Abi.D_FULLNAT) !== 0;
  }

  /** undefined: it is not by FULLNAT, or its flow has ended. */
  localOf(connection: SlotConnection): DestinationKey | undefined {
    if (!this.isOf(connection)) return undefined;
    const { client, port, dest } = connection;
    const key = encodeRecord(FullnatClient, { client: client[0] ?? 0, port: swap16(port), dest });
    if (this.#clients?.lookup(key, this.#place) !== true) return undefined;
    const place = viewOf(this.#place).getUint32(0, true);
    return { address: new FullnatPools(this.tables).localAt(place >>> POOL_SHIFT), port: place & PORT_MASK };
  }

  close(): void {
    this.#clients?.close();
  }
}
