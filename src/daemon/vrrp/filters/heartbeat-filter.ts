// The socket filter of bpf/filters/heartbeat.bpf.c: configures the peers of each instance and the keys of their heartbeats.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { encodeRecord } from '../../../sys/bpf/records.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { bigEndian32, concat } from '../../../wire/bytes.js';
import { Abi, HeartbeatPeer, HeartbeatPeerKey, VRRP_REASON_NAMES } from '../../filter/abi.gen.js';
import type { FilterReason } from '../../filter/filter-account.js';
import type { Filter } from '../../filter/filter-keeper.js';
import { FilterTable, SocketFilter, type TableEntry } from '../../filter/socket-filter.js';
import { burstNs, spacingNs } from './advert-filter.js';
import { encodeKeyStates, sha256KeyStates } from './digest-key.js';
import { heartbeatKeys } from './heartbeat-keys.js';

export interface HeartbeatWanted {
  readonly instances: readonly VrrpInstance[];
  /** The sender number of our own heartbeats. */
  readonly sender: number;
  /** The interfaces that a packet by this device may name: the device, and the VRF whose port it is. */
  readonly placesOf: (device: string) => readonly number[];
}

function peerKey({ family, vrid }: VrrpInstance, ifindex: number, peer: VrrpInstance['heartbeat'][number]['peer']): Uint8Array {
  return encodeRecord(HeartbeatPeerKey, { ifindex, family: family === 'inet' ? 4 : 6, vrid, address: encodeAddress(peer) });
}

/** Authenticated without a key: no heartbeat is valid, but the process must report that. */
function keyCount(keys: ReturnType<typeof heartbeatKeys>): number {
  return keys === undefined ? 0 : keys.length === 0 ? Abi.HEARTBEAT_KEYS_MAX + 1 : keys.length;
}

function encodePeer(instance: VrrpInstance, account: number, sender: number): Uint8Array {
  const keys = heartbeatKeys(instance);
  const spacing = spacingNs(instance);
  return encodeRecord(HeartbeatPeer, {
    account,
    keys: keyCount(keys),
    sender: bigEndian32(sender),
    spacing,
    burst: burstNs(spacing),
    key: concat(...(keys ?? []).slice(0, Abi.HEARTBEAT_KEYS_MAX).map((key) => encodeKeyStates(sha256KeyStates(key)))),
  });
}

export class HeartbeatFilter extends SocketFilter<FilterReason> implements Filter<HeartbeatWanted, FilterReason> {
  readonly #peers: FilterTable;

  /** `room`: for so many peers and instances. @throws SystemError EPERM, or an error of the verifier */
  constructor(room: number, variables: Readonly<Record<string, Uint8Array>> = {}) {
    const plan = { file: 'weir-heartbeat.bpf.o', program: 'heartbeat_filter', others: [] } as const;
    super({ ...plan, entries: { peers: room }, room, reasons: VRRP_REASON_NAMES, variables });
    this.#peers = new FilterTable(this.map('peers'));
  }

  configure({ instances, sender, placesOf }: HeartbeatWanted): boolean {
    const { accounts } = this;
    const found = instances.flatMap((instance) =>
      instance.heartbeat.flatMap(({ interface: device, peer }) =>
        placesOf(device).map((ifindex) => ({ instance, key: peerKey(instance, ifindex, peer) })),
      ),
    );
    if (found.length > this.room || !accounts.hasRoomFor(instances.map(({ name }) => name))) return false;
    const values = new Map(instances.map((one) => [one, encodePeer(one, accounts.slotOf(one.name), sender)]));
    const wanted = found.map(({ instance, key }): TableEntry => ({ key, value: values.get(instance) ?? new Uint8Array(0) }));
    this.#peers.set(wanted);
    return true;
  }
}
