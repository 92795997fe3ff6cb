// The socket filter of bpf/filters/vrrp.bpf.c: configures which adverts pass, and reads how many were dropped and why.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Authentication, VrrpInstance } from '../../../model/keepalived/instance.js';
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, readField } from '../../../sys/bpf/records.js';
import { vrrpLength } from '../../../wire/vrrp.js';
import { AH_BYTES, HMAC_TRAILER_BYTES, passwordBytes } from '../../../wire/vrrp-auth.js';
import { Abi, DigestKind, VRRP_REASON_NAMES, VrrpDigestId, VrrpRule, VrrpRuleKey, VrrpSeenKey } from '../../filter/abi.gen.js';
import type { FilterReason } from '../../filter/filter-account.js';
import type { Filter } from '../../filter/filter-keeper.js';
import { FilterTable, SocketFilter, type TableEntry } from '../../filter/socket-filter.js';
import { ahKeyStates, encodeKeyStates, hexBytes, sha256KeyStates } from './digest-key.js';

/** As VRRP version 2 numbers them. */
const AUTH_TYPES = { none: 0, pass: Abi.AUTH_PASSWORD, ah: 2, hmac: Abi.AUTH_ANY } as const;
/** A sender may send this many times its rate, and at least RATE_MIN_PER_SECOND. */
const RATE_FACTOR = 20;
const FAST_RATE_FACTOR = 4;
const RATE_MIN_PER_SECOND = 100;
/** A burst of so many packets is no flood. */
const BURST_PACKETS = 200n;
const SECOND_NS = 1e9;
/** The IPv4 header in front of AH, or the sender in front of a trailer: both are covered. */
const BEFORE_BYTES = 20;
/** Four blocks of the hash: digests over fewer bytes are always validated. */
const COVERED_MIN_BYTES = 4 * Abi.DIGEST_BLOCK - 9;

/** Each instance as the filter knows it: by interface index (0: any), family and VRID. */
export interface FilterTarget {
  readonly instance: VrrpInstance;
  readonly ifindex: number;
}

export interface FilterWanted {
  readonly configuration: KeepalivedConfiguration;
  readonly targets: readonly FilterTarget[];
}

function keyOf({ instance: { family, vrid }, ifindex }: FilterTarget): Uint8Array {
  return encodeRecord(VrrpRuleKey, { ifindex, family: family === 'inet' ? 4 : 6, vrid });
}

/** How an advert is authenticated. */
function digestOf(authentication: Authentication): number {
  if (authentication.kind === 'hmac') {
    return authentication.mode === 'enforce' ? DigestKind.DIGEST_TRAILER : DigestKind.DIGEST_OPTIONAL_TRAILER;
  }
  return authentication.kind === 'ah' ? DigestKind.DIGEST_AH : DigestKind.DIGEST_NONE;
}

export const hasDigest = ({ authentication }: Pick<VrrpInstance, 'authentication'>): boolean =>
  digestOf(authentication) !== DigestKind.DIGEST_NONE;

/** Nanoseconds between two packets of one sender, in the long run. */
export function spacingNs({ advertUs, fast }: Pick<VrrpInstance, 'advertUs' | 'fast'>): bigint {
  const fastest = fast === undefined ? 0 : FAST_RATE_FACTOR / fast.intervalUs;
  return BigInt(Math.round(SECOND_NS / Math.max(RATE_MIN_PER_SECOND, 1e6 * Math.max(RATE_FACTOR / advertUs, fastest))));
}

/** The dialects that the process accepts; of unicast both, since it learns a peer's dialect. */
function sumsOf({ version, family, unicast, v3ChecksumAsV2 }: VrrpInstance): number {
  if (version === 2) return Abi.SUM_PLAIN;
  if (family === 'inet6') return Abi.SUM_PSEUDO;
  if (v3ChecksumAsV2) return Abi.SUM_PLAIN | Abi.SUM_PSEUDO;
  return unicast === undefined ? Abi.SUM_PSEUDO : Abi.SUM_PSEUDO | Abi.SUM_OLD;
}

/** How early a packet may come, ns. */
export function burstNs(spacing: bigint): bigint {
  const most = BURST_PACKETS * spacing;
  return most < SECOND_NS ? most : BigInt(SECOND_NS);
}

/** Digests over so many bytes are validated in the kernel: an advert with our own addresses, and all shorter ones. */
function coveredBytes({ version, family, addresses, authentication }: VrrpInstance): number {
  const own = BEFORE_BYTES + vrrpLength(version, family, addresses.length) + (authentication.kind === 'ah' ? AH_BYTES : HMAC_TRAILER_BYTES);
  return Math.min(Abi.DIGEST_BYTES_MAX, Math.max(COVERED_MIN_BYTES, own));
}

/**
 * What may be refused in the kernel: nothing that the process could accept. `shared`: by a unicast and a multicast instance, which may have
 * one interface and VRID; then only the rate is judged here.
 */
export function encodeRule(instance: VrrpInstance, account: number, shared = false): Uint8Array {
  const { authentication, unicast, version } = instance;
  const spacing = spacingNs(instance);
  return encodeRecord(VrrpRule, {
    account,
    version: shared ? Abi.VERSION_ANY : version,
    auth: AUTH_TYPES[authentication.kind],
    hops: unicast === undefined ? 1 : 0,
    sum: sumsOf(instance),
    ...(authentication.kind === 'pass' ? { password: passwordBytes(authentication.password) } : {}),
    spacing,
    burst: burstNs(spacing),
    digest: digestOf(authentication),
    covered: coveredBytes(instance),
  });
}

/** The keys of an instance's digests, by their names in adverts (AH: 0). */
function digestKeys({ authentication }: VrrpInstance, slot: number): readonly TableEntry[] {
  const entry = (id: number, value: Uint8Array): TableEntry => ({ key: encodeRecord(VrrpDigestId, { account: slot, key: id }), value });
  if (authentication.kind === 'ah') return [entry(0, encodeKeyStates(ahKeyStates(passwordBytes(authentication.password))))];
  if (authentication.kind !== 'hmac') return [];
  return authentication.keys.flatMap(({ id, hex }) =>
    hex === undefined ? [] : [entry(id, encodeKeyStates(sha256KeyStates(hexBytes(hex))))],
  );
}

export class AdvertFilter extends SocketFilter<FilterReason> implements Filter<FilterWanted, FilterReason> {
  readonly #rules: FilterTable;
  readonly #keys: FilterTable;
  readonly #seen: BpfMap;

  /** `room`: for so many instances. @throws SystemError EPERM, or an error of the verifier */
  constructor(
    room: number,
    /** `validated`: by the kernel; `left`: to the process, since the kernel cannot; `none`: there are none. */
    readonly digests: 'validated' | 'left' | 'none',
    variables: Readonly<Record<string, Uint8Array>> = {},
  ) {
    const validated = digests === 'validated';
    const [program, other] = validated
      ? (['vrrp_filter_digests', 'vrrp_filter'] as const)
      : (['vrrp_filter', 'vrrp_filter_digests'] as const);
    const entries = validated ? { rules: room } : { rules: room, keys: 1, seen: 1, scratch_space: 1 };
    super({ file: 'weir-vrrp.bpf.o', program, others: [other], entries, room, reasons: VRRP_REASON_NAMES, variables });
    this.#rules = new FilterTable(this.map('rules'));
    this.#keys = new FilterTable(this.map('keys'));
    this.#seen = this.map('seen');
  }

  configure({ configuration, targets }: FilterWanted): boolean {
    const { accounts } = this;
    const names = configuration.instances.map(({ name }) => name);
    if (targets.length > this.room || !accounts.hasRoomFor(names) || (this.digests === 'none' && configuration.instances.some(hasDigest))) {
      return false;
    }
    if (this.digests === 'validated') {
      const keys = configuration.instances.flatMap((instance) => digestKeys(instance, accounts.slotOf(instance.name)));
      this.#forget(new Set(this.#keys.set(keys).map((key) => readField(key, VrrpDigestId.account))));
    }
    const rules = new Map<string, TableEntry>();
    for (const target of targets) {
      const key = keyOf(target);
      const value = encodeRule(target.instance, accounts.slotOf(target.instance.name), rules.has(key.join()));
      rules.set(key.join(), { key, value });
    }
    this.#rules.set([...rules.values()]);
    return true;
  }

  /** The senders of an account whose key changed may start to count again. */
  #forget(slots: ReadonlySet<number>): void {
    for (const key of slots.size === 0 ? [] : [...this.#seen.keys()]) {
      if (slots.has(readField(key, VrrpSeenKey.account))) this.#seen.delete(key);
    }
  }
}
