// The socket filter of bpf/filters/heartbeat.bpf.c: told which peers an instance has and what seals their heartbeats.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { concat, hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import { FILTER_REASONS, type FilterReason } from '../../filter/filter-account.js';
import type { Filter } from '../../filter/filter-keeper.js';
import { FilterTable, SocketFilter, type TableEntry } from '../../filter/socket-filter.js';
import { burstNs, spacingNs } from './advert-filter.js';
import { encodeKeyStates, sha256KeyStates } from './digest-key.js';
import { heartbeatKeys } from './heartbeat-keys.js';

const KEY_BYTES = 24;
const HEAD_BYTES = 40;
const KEYS_MAX = 4;
const STATES_BYTES = 64;

export interface HeartbeatWanted {
  readonly instances: readonly VrrpInstance[];
  /** What our own heartbeats carry. */
  readonly sender: number;
  /** Where packets that come by a device may seem to come from: the device, and the VRF whose port it is. */
  readonly placesOf: (device: string) => readonly number[];
}

function peerKey(instance: VrrpInstance, ifindex: number, peer: VrrpInstance['heartbeat'][number]['peer']): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  viewOf(key).setUint32(0, ifindex, little);
  key[4] = instance.family === 'inet' ? 4 : 6;
  key[5] = instance.vrid;
  key.set(encodeAddress(peer), 8);
  return key;
}

function encodePeer(instance: VrrpInstance, slot: number, sender: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = viewOf(head);
  const keys = heartbeatKeys(instance);
  view.setUint32(0, slot, little);
  // Sealed without a key: nothing of it is believed, but that is for the process to say.
  view.setUint32(4, keys === undefined ? 0 : keys.length === 0 ? KEYS_MAX + 1 : keys.length, little);
  view.setUint32(8, sender); // as on the wire
  const spacing = spacingNs(instance);
  view.setBigUint64(16, spacing, little);
  view.setBigUint64(24, burstNs(spacing), little);
  const states = (keys ?? []).slice(0, KEYS_MAX).map((key) => encodeKeyStates(sha256KeyStates(key)));
  const rest = new Uint8Array(KEYS_MAX * STATES_BYTES);
  states.forEach((bytes, index) => rest.set(bytes, index * STATES_BYTES));
  return concat(head, rest);
}

export class HeartbeatFilter extends SocketFilter<FilterReason> implements Filter<HeartbeatWanted, FilterReason> {
  readonly #peers: FilterTable;

  /** `room`: for so many peers and instances. @throws SystemError EPERM, or whatever the verifier says */
  constructor(room: number, variables: Readonly<Record<string, Uint8Array>> = {}) {
    const plan = { file: 'weir-heartbeat.bpf.o', program: 'heartbeat_filter', others: [] } as const;
    super({ ...plan, entries: { peers: room }, room, reasons: FILTER_REASONS, variables });
    this.#peers = new FilterTable(this.map('peers'));
  }

  configure({ instances, sender, placesOf }: HeartbeatWanted): boolean {
    const { accounts } = this;
    const found = instances.flatMap((instance) =>
      instance.heartbeat.flatMap(({ interface: device, peer }) =>
        placesOf(device).map((ifindex) => ({ instance, key: peerKey(instance, ifindex, peer) })),
      ),
    );
    if (found.length > this.room || !accounts.hasRoomFor(instances.map(({ name }) => name))) {
      return false;
    }
    const values = new Map(instances.map((one) => [one, encodePeer(one, accounts.slotOf(one.name), sender)]));
    const wanted = found.map(({ instance, key }): TableEntry => ({ key, value: values.get(instance) ?? new Uint8Array(0) }));
    this.#peers.set(wanted);
    return true;
  }
}
