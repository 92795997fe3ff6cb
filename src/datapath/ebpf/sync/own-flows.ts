// What stands for the client of an own connection by FULLNAT, for an item of weir's own stream: its local address and port, and the numbers of a PROXY header.

import { existsSync } from 'node:fs';
import type { Family } from '../../../model/address.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { viewOf } from '../../../wire/bytes.js';
import { ItemFlag, type StreamItem } from '../../../wire/sync/stream-item.js';
import { Dest } from '../abi.gen.js';
import { ClientAddress, FullnatAbi, FullnatClient, FullnatPlace, FullnatPool, ReportState } from '../fullnat.gen.js';
import { Fullnat6Client } from '../fullnat6.gen.js';
import { fullnatPin, type Tables } from '../table/tables.js';
import { PROXY_HEADER_BYTES } from './flow-report.js';

/** Of one family: its flows by their connections. One key and one value for all that are asked for. */
class FamilyFlows {
  readonly #layout: typeof FullnatClient | typeof Fullnat6Client;
  readonly #key: Uint8Array;
  readonly #words: Uint32Array;
  readonly #view: DataView;

  constructor(
    readonly map: BpfMap,
    readonly family: Family,
  ) {
    this.#layout = family === 'inet' ? FullnatClient : Fullnat6Client;
    this.#key = new Uint8Array(this.#layout.bytes);
    this.#words = new Uint32Array(this.#key.buffer);
    this.#view = viewOf(this.#key);
  }

  /** `wide`: it is found by its virtual endpoint, too. */
  find(item: StreamItem, dest: number, wide: boolean, into: Uint8Array): boolean {
    const { client, vaddr, port, vport, dest: destAt } = this.#layout;
    for (let k = 0; k < client.count; k++) this.#words[client.at / 4 + k] = item.client[k] ?? 0;
    for (let k = 0; k < vaddr.count; k++) this.#words[vaddr.at / 4 + k] = wide ? (item.virtual[k] ?? 0) : 0;
    this.#view.setUint16(port.at, item.port);
    this.#view.setUint16(vport.at, wide ? item.virtualPort : 0);
    this.#words[destAt.at / 4] = (dest | ((wide ? item.protocol : 0) << FullnatAbi.FULLNAT_PROTOCOL_SHIFT)) >>> 0;
    return this.map.lookup(this.#key, into);
  }
}

export class OwnFlows {
  readonly #of = new Map<Family, FamilyFlows>();
  readonly #value = new Uint8Array(FullnatPlace.bytes);
  readonly #place = viewOf(this.#value);

  constructor(readonly tables: Tables) {}

  /** Adds the parts of a connection's flow to its item, which has the other ones. False: it has no flow, or none yet. */
  read(item: StreamItem, dest: number, wide: boolean): boolean {
    const { family } = item.destination;
    if (this.#flowsOf(family)?.find(item, dest, wide, this.#value) !== true) return false;
    const place = this.#place.getUint32(FullnatPlace.place.at, true);
    const pool = place >>> 16;
    const pools = this.tables.fullnatPools;
    for (let k = 0; k < item.words; k++) {
      // Of a destination that had the same number before.
      if (pools.get(pool, FullnatPool.server, k) !== this.tables.dests.get(dest, Dest.addr, k)) return false;
      item.local[k] = pools.get(pool, FullnatPool.local, k);
    }
    item.localPort = place & 0xffff;
    item.isLocalInet6 = family === 'inet6';
    item.flags |= ItemFlag.local;
    this.#report(item, family);
    return true;
  }

  /** The numbers of the client's bytes behind a PROXY header, as proxy-header.h has them. Of TOA there is nothing that must go on. */
  #report(item: StreamItem, family: Family): void {
    const report = this.#place.getUint32(FullnatPlace.report.at, true);
    if ((report & FullnatAbi.REPORT_HOW) !== ClientAddress.CLIENT_PROXY) return;
    const delta = PROXY_HEADER_BYTES[family];
    item.flags |= ItemFlag.sequence;
    item.sequence.fill(0);
    item.sequence[0] = this.#place.getUint32(FullnatPlace.first.at, true);
    item.sequence[1] = delta;
    item.sequence[2] = report >>> FullnatAbi.REPORT_STATE_SHIFT === ReportState.REPORT_KNOWN ? delta : 0;
  }

  /** undefined: no destination of the family was one of FULLNAT yet. */
  #flowsOf(family: Family): FamilyFlows | undefined {
    const known = this.#of.get(family);
    if (known !== undefined) return known;
    const path = `${this.tables.folder}/${fullnatPin(family, 'fullnat_clients')}`;
    if (!existsSync(path)) return undefined;
    const found = new FamilyFlows(BpfMap.pinned(path), family);
    this.#of.set(family, found);
    return found;
  }

  close(): void {
    for (const { map } of this.#of.values()) map.close();
    this.#of.clear();
  }
}
