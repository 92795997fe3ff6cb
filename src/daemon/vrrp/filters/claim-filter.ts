// The socket filter of bpf/filters/claim.bpf.c: told which addresses we hold and which MACs are ours.
import { encodeAddress } from '../../../wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import { macBytes } from '../../../wire/ethernet.js';
import { FILTER_REASONS, type FilterReason } from '../../filter/filter-account.js';
import type { Filter } from '../../filter/filter-keeper.js';
import { FilterTable, SocketFilter } from '../../filter/socket-filter.js';
import type { HeldOn } from '../sockets/conflicts.js';

const KEY_BYTES = 20;
const VALUE_BYTES = 16;
const MAC_KEY_BYTES = 8;
const MACS_MAX = 4096;

export interface ClaimWanted {
  readonly held: readonly HeldOn[];
  readonly ownMacs: readonly string[];
}

function heldKey({ ifindex, address }: HeldOn): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  viewOf(key).setUint32(0, ifindex, little);
  key.set(encodeAddress(address), 4);
  return key;
}

function heldValue(slot: number): Uint8Array {
  const value = new Uint8Array(VALUE_BYTES);
  viewOf(value).setUint32(0, slot, little);
  return value;
}

function macKey(mac: string): Uint8Array {
  const key = new Uint8Array(MAC_KEY_BYTES);
  key.set(macBytes(mac));
  return key;
}

/** On sockets of one kind: ARP, or neighbour advertisements. */
export class ClaimFilter extends SocketFilter<FilterReason> implements Filter<ClaimWanted, FilterReason> {
  readonly #held: FilterTable;
  readonly #own: FilterTable;

  /** `room`: for so many addresses. @throws SystemError EPERM, or whatever the verifier says */
  constructor(kind: 'arp' | 'neighbour', room: number, variables: Readonly<Record<string, Uint8Array>> = {}) {
    const [program, other] = kind === 'arp' ? (['arp_filter', 'neighbour_filter'] as const) : (['neighbour_filter', 'arp_filter'] as const);
    const plan = { file: 'weir-claim.bpf.o', program, others: [other], room, reasons: FILTER_REASONS, variables } as const;
    super({ ...plan, entries: { held: room, own_macs: MACS_MAX } });
    this.#held = new FilterTable(this.map('held'));
    this.#own = new FilterTable(this.map('own_macs'));
  }

  configure({ held, ownMacs }: ClaimWanted): boolean {
    const { accounts } = this;
    if (held.length > this.room || !accounts.hasRoomFor([...new Set(held.map(({ instance }) => instance))])) {
      return false;
    }
    this.#own.set(ownMacs.slice(0, MACS_MAX).map((mac) => ({ key: macKey(mac), value: Uint8Array.of(1) })));
    this.#held.set(held.map((one) => ({ key: heldKey(one), value: heldValue(accounts.slotOf(one.instance)) })));
    return true;
  }
}
