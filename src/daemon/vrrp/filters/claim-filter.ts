// The socket filter of bpf/filters/claim.bpf.c: configures which addresses we hold and which MACs are ours.
import { encodeRecord } from '../../../sys/bpf/records.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { macBytes } from '../../../wire/ethernet.js';
import { Claim, ClaimKey, OwnMac, VRRP_REASON_NAMES } from '../../filter/abi.gen.js';
import type { FilterReason } from '../../filter/filter-account.js';
import type { Filter } from '../../filter/filter-keeper.js';
import { FilterTable, SocketFilter } from '../../filter/socket-filter.js';
import type { HeldOn } from '../host/held-addresses.js';

const MACS_MAX = 4096;

export interface ClaimWanted {
  readonly held: readonly HeldOn[];
  readonly ownMacs: readonly string[];
}

/** On sockets of one kind: ARP, or neighbour advertisements. */
export class ClaimFilter extends SocketFilter<FilterReason> implements Filter<ClaimWanted, FilterReason> {
  readonly #held: FilterTable;
  readonly #own: FilterTable;

  /** `room`: for so many addresses. @throws SystemError EPERM, or an error of the verifier */
  constructor(kind: 'arp' | 'neighbour', room: number, variables: Readonly<Record<string, Uint8Array>> = {}) {
    const [program, other] = kind === 'arp' ? (['arp_filter', 'neighbour_filter'] as const) : (['neighbour_filter', 'arp_filter'] as const);
    const plan = { file: 'weir-claim.bpf.o', program, others: [other], room, reasons: VRRP_REASON_NAMES, variables } as const;
    super({ ...plan, entries: { held: room, own_macs: MACS_MAX } });
    this.#held = new FilterTable(this.map('held'));
    this.#own = new FilterTable(this.map('own_macs'));
  }

  configure({ held, ownMacs }: ClaimWanted): boolean {
    const { accounts } = this;
    if (held.length > this.room || !accounts.hasRoomFor([...new Set(held.map(({ instance }) => instance))])) return false;
    this.#own.set(
      ownMacs.slice(0, MACS_MAX).map((mac) => ({ key: encodeRecord(OwnMac, { mac: macBytes(mac) }), value: Uint8Array.of(1) })),
    );
    this.#held.set(
      held.map(({ ifindex, address, instance }) => ({
        key: encodeRecord(ClaimKey, { ifindex, address: encodeAddress(address) }),
        value: encodeRecord(Claim, { account: accounts.slotOf(instance) }),
      })),
    );
    return true;
  }
}
