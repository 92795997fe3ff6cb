// The socket filter of bpf/filters/vrrp.bpf.c: told which adverts are wanted, asked how many it dropped and why.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Authentication, VrrpInstance } from '../../../model/keepalived/instance.js';
import type { BpfMap } from '../../../sys/bpf.js';
import { hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import { vrrpLength } from '../../../wire/vrrp.js';
import { AH_BYTES, HMAC_TRAILER_BYTES, passwordBytes } from '../../../wire/vrrp-auth.js';
import { FILTER_REASONS, type FilterReason } from '../../filter/filter-account.js';
import type { Filter } from '../../filter/filter-keeper.js';
import { FilterTable, SocketFilter, type TableEntry } from '../../filter/socket-filter.js';
import { ahKeyStates, COVERED_MAX, encodeKeyStates, hexBytes, sha256KeyStates } from './digest-key.js';

const RULE_BYTES = 40;
const ANY_VERSION = 0;
const AUTH_TYPES = { none: 0, pass: 1, ah: 2, hmac: 255 } as const;
const SEALS = { open: 0, ah: 1, trailer: 2, maybeTrailer: 3 } as const;
/** What a checksum may be over. */
const SUMS = { plain: 1, pseudo: 2, old: 4 } as const;
/** A sender may send this many times what it must, and at least so many a second; in fast mode there is less to spare. */
const GENEROSITY = 20;
const FAST_GENEROSITY = 4;
/** So many at once are no flood yet. */
const AT_ONCE = 200n;
const LEAST_PER_SECOND = 100;
const SECOND_NS = 1e9;
/** IPv4's header before AH, the sender before a trailer: both are covered. */
const BEFORE = 20;
/** Four blocks of a hash: no longer than that is any advert's business to be doubted for its length. */
const ALWAYS_COVERED = 4 * 64 - 9;

/** Each instance as the filter knows it: by interface index (0: any), family and VRID. */
export interface FilterTarget {
  readonly instance: VrrpInstance;
  readonly ifindex: number;
}

export interface FilterWanted {
  readonly configuration: KeepalivedConfiguration;
  readonly targets: readonly FilterTarget[];
}

function keyOf({ instance, ifindex }: FilterTarget): Uint8Array {
  const key = new Uint8Array(8);
  viewOf(key).setUint32(0, ifindex, little);
  key[4] = instance.family === 'inet' ? 4 : 6;
  key[5] = instance.vrid;
  return key;
}

/** What proves an advert; `maybeTrailer`: one that is there must be right, nothing is refused for want of it. */
function sealOf(authentication: Authentication): keyof typeof SEALS {
  if (authentication.kind === 'hmac') {
    return authentication.mode === 'enforce' ? 'trailer' : 'maybeTrailer';
  }
  return authentication.kind === 'ah' ? 'ah' : 'open';
}

export const isSealed = ({ authentication }: Pick<VrrpInstance, 'authentication'>): boolean => sealOf(authentication) !== 'open';

/** Nanoseconds between two packets of one sender, in the long run. */
export function spacingNs({ advertUs, fast }: Pick<VrrpInstance, 'advertUs' | 'fast'>): bigint {
  const fastest = fast === undefined ? 0 : FAST_GENEROSITY / fast.intervalUs;
  return BigInt(Math.round(SECOND_NS / Math.max(LEAST_PER_SECOND, 1e6 * Math.max(GENEROSITY / advertUs, fastest))));
}

/** The dialects that the machine understands; of unicast both, for it learns which one a peer speaks. */
function sumsOf({ version, family, unicast, v3ChecksumAsV2 }: VrrpInstance): number {
  if (version === 2) return SUMS.plain;
  if (family === 'inet6') return SUMS.pseudo;
  if (v3ChecksumAsV2) return SUMS.plain | SUMS.pseudo;
  return unicast === undefined ? SUMS.pseudo : SUMS.pseudo | SUMS.old;
}

/** How far a sender may be ahead of that, ns. */
export function burstNs(spacing: bigint): bigint {
  const most = AT_ONCE * spacing;
  return most < SECOND_NS ? most : BigInt(SECOND_NS);
}

/** How much of an advert the filter hashes, whatever comes: our own list's length, and what is short anyway. */
function coveredBytes({ version, family, addresses, authentication }: VrrpInstance): number {
  const own = BEFORE + vrrpLength(version, family, addresses.length) + (authentication.kind === 'ah' ? AH_BYTES : HMAC_TRAILER_BYTES);
  return Math.min(COVERED_MAX, Math.max(ALWAYS_COVERED, own));
}

/** What may be refused in the kernel: nothing that the machine could accept. */
export function encodeRule(instance: VrrpInstance, slot: number): Uint8Array {
  const rule = new Uint8Array(RULE_BYTES);
  const view = viewOf(rule);
  const { authentication, unicast } = instance;
  view.setUint32(0, slot, little);
  rule[4] = instance.version;
  rule[5] = AUTH_TYPES[authentication.kind];
  rule[6] = unicast === undefined ? 1 : 0;
  rule[7] = sumsOf(instance);
  if (authentication.kind === 'pass') {
    rule.set(passwordBytes(authentication.password), 8);
  }
  const spacing = spacingNs(instance);
  view.setBigUint64(16, spacing, little);
  view.setBigUint64(24, burstNs(spacing), little);
  view.setUint32(32, SEALS[sealOf(authentication)], little);
  view.setUint32(36, coveredBytes(instance), little);
  return rule;
}

/** The keys that seal an instance's adverts, by what the advert calls them (AH: nothing). */
function sealKeys({ authentication }: VrrpInstance, slot: number): readonly TableEntry[] {
  const entry = (id: number, value: Uint8Array): TableEntry => ({ key: new Uint8Array(Uint32Array.of(slot, id).buffer), value });
  if (authentication.kind === 'ah') {
    return [entry(0, encodeKeyStates(ahKeyStates(passwordBytes(authentication.password))))];
  }
  if (authentication.kind !== 'hmac') {
    return [];
  }
  return authentication.keys.flatMap(({ id, hex }) =>
    hex === undefined ? [] : [entry(id, encodeKeyStates(sha256KeyStates(hexBytes(hex))))],
  );
}

/** A unicast and a multicast instance may share interface and VRID: all but the rate is the machine's business then. */
function lenient(rule: Uint8Array): Uint8Array {
  const out = rule.slice();
  out[4] = ANY_VERSION;
  return out;
}

export class AdvertFilter extends SocketFilter<FilterReason> implements Filter<FilterWanted, FilterReason> {
  readonly #rules: FilterTable;
  readonly #keys: FilterTable;
  readonly #seen: BpfMap;

  /** `room`: for so many instances. @throws SystemError EPERM, or whatever the verifier says */
  constructor(
    room: number,
    /** `judged`: by the kernel; `left`: to the machine, for the kernel cannot; `none`: there are none. */
    readonly seals: 'judged' | 'left' | 'none',
    variables: Readonly<Record<string, Uint8Array>> = {},
  ) {
    const sealed = seals === 'judged';
    const [program, other] = sealed ? (['vrrp_filter_sealed', 'vrrp_filter'] as const) : (['vrrp_filter', 'vrrp_filter_sealed'] as const);
    const entries = sealed ? { rules: room } : { rules: room, keys: 1, seen: 1, desks: 1 };
    super({ file: 'weir-vrrp.bpf.o', program, others: [other], entries, room, reasons: FILTER_REASONS, variables });
    this.#rules = new FilterTable(this.map('rules'));
    this.#keys = new FilterTable(this.map('keys'));
    this.#seen = this.map('seen');
  }

  configure({ configuration, targets }: FilterWanted): boolean {
    const { accounts } = this;
    const names = configuration.instances.map(({ name }) => name);
    if (targets.length > this.room || !accounts.hasRoomFor(names) || (this.seals === 'none' && configuration.instances.some(isSealed))) {
      return false;
    }
    if (this.seals === 'judged') {
      const keys = configuration.instances.flatMap((instance) => sealKeys(instance, accounts.slotOf(instance.name)));
      this.#forget(new Set(this.#keys.set(keys).map((key) => viewOf(key).getUint32(0, little))));
    }
    const rules = new Map<string, TableEntry>();
    for (const target of targets) {
      const key = keyOf(target);
      const rule = encodeRule(target.instance, accounts.slotOf(target.instance.name));
      rules.set(key.join(), { key, value: rules.has(key.join()) ? lenient(rule) : rule });
    }
    this.#rules.set([...rules.values()]);
    return true;
  }

  /** Whoever has another key begins to count anew. */
  #forget(slots: ReadonlySet<number>): void {
    for (const key of slots.size === 0 ? [] : [...this.#seen.keys()]) {
      if (slots.has(viewOf(key).getUint32(0, little))) {
        this.#seen.delete(key);
      }
    }
  }
}
