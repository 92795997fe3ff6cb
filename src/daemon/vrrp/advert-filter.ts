// The socket filter of bpf/vrrp-filter.bpf.c: told which adverts are wanted, asked how many it dropped and why.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { artifact } from '../../sys/artifact.js';
import { type BpfMap, ObjectFile, type Program } from '../../sys/bpf.js';
import type { RawReceiver } from '../../sys/raw-socket.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';

/** In the order of the filter's `enum reason`. */
export const FILTER_REASONS = ['short', 'ttl', 'vrid', 'version', 'type', 'auth', 'checksum', 'rate'] as const;

const ACCOUNT_BYTES = 8 * (2 * FILTER_REASONS.length + 8);
const RULE_BYTES = 32;
const ANY_AUTH = 255;
const ANY_VERSION = 0;
const AUTH_TYPES = { none: 0, pass: 1, ah: 2, hmac: ANY_AUTH } as const;
/** A sender may send this many times what it must, and at least so many a second. */
const GENEROSITY = 20;
const LEAST_PER_SECOND = 100;
const SECOND_NS = 1e9;
const PASSWORD_BYTES = 8;
/** Slot 0 counts what belongs to nobody. */
const NOBODY = 0;

/** Each instance as the filter knows it: by interface index (0: any), family and VRID. */
export interface FilterTarget {
  readonly instance: VrrpInstance;
  readonly ifindex: number;
}

function keyOf({ instance, ifindex }: FilterTarget): Uint8Array {
  const key = new Uint8Array(8);
  viewOf(key).setUint32(0, ifindex, little);
  key[4] = instance.family === 'inet' ? 4 : 6;
  key[5] = instance.vrid;
  return key;
}

/** What may be refused in the kernel: nothing that the machine could accept. */
export function encodeRule(instance: VrrpInstance, slot: number): Uint8Array {
  const rule = new Uint8Array(RULE_BYTES);
  const view = viewOf(rule);
  const { authentication, unicast, fast, advertUs } = instance;
  view.setUint32(0, slot, little);
  rule[4] = instance.version;
  rule[5] = AUTH_TYPES[authentication.kind];
  rule[6] = unicast === undefined ? 1 : 0;
  rule[7] = authentication.kind === 'hmac' ? 0 : 1;
  if (authentication.kind === 'pass') {
    rule.set(
      [...authentication.password].slice(0, PASSWORD_BYTES).map((letter) => letter.charCodeAt(0) & 0xff),
      8,
    );
  }
  const adverts = 1e6 / Math.min(advertUs, fast?.intervalUs ?? advertUs);
  const perSecond = Math.max(LEAST_PER_SECOND, GENEROSITY * adverts);
  view.setBigUint64(16, BigInt(Math.round(SECOND_NS / perSecond)), little);
  view.setBigUint64(24, BigInt(SECOND_NS), little);
  return rule;
}

export class AdvertFilter {
  readonly #object: ObjectFile;
  readonly #program: Program;
  readonly #rules: BpfMap;
  readonly #accounts: BpfMap;
  readonly #counts: DataView;
  readonly #keys = new Map<string, Uint8Array>();
  #names: readonly string[] = [];
  readonly #told = new Map<string, bigint>();

  /** `instances`: room for as many. @throws SystemError EPERM, or whatever the verifier says */
  constructor(readonly room: number) {
    this.#object = new ObjectFile(artifact('weir-vrrp.bpf.o'));
    try {
      this.#object
        .mapEntries('rules', room + 1)
        .mapEntries('accounts', room + 1)
        .load();
      this.#program = this.#object.program('vrrp_filter');
      this.#rules = this.#object.map('rules');
      this.#accounts = this.#object.map('accounts');
      this.#counts = new DataView(this.#accounts.mmap((room + 1) * ACCOUNT_BYTES, false));
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /** Which adverts pass from now on. What several instances share an interface and VRID for is not judged here. */
  configure(configuration: KeepalivedConfiguration, targets: readonly FilterTarget[]): void {
    this.#names = configuration.instances.map(({ name }) => name);
    const wanted = new Map<string, Uint8Array>();
    const shared = new Set<string>();
    const keys = new Map<string, Uint8Array>();
    for (const target of targets) {
      const key = keyOf(target);
      const text = key.join();
      if (wanted.has(text)) {
        shared.add(text);
      }
      keys.set(text, key);
      wanted.set(text, encodeRule(target.instance, this.#names.indexOf(target.instance.name) + 1));
    }
    for (const [text, key] of this.#keys) {
      if (!wanted.has(text)) {
        this.#rules.delete(key);
        this.#keys.delete(text);
      }
    }
    for (const [text, rule] of wanted) {
      const key = keys.get(text) ?? new Uint8Array(0);
      this.#rules.update(key, shared.has(text) ? lenient(rule) : rule);
      this.#keys.set(text, key);
    }
  }

  attach(socket: RawReceiver): void {
    socket.attachFilter(this.#program.fd.number);
  }

  /** What was dropped since the last call, by instance (undefined: nobody's). */
  takeCounts(): readonly { readonly instance: string | undefined; readonly counts: Readonly<Record<string, number>> }[] {
    return [undefined, ...this.#names].flatMap((instance, slot) => {
      const counts: Record<string, number> = {};
      FILTER_REASONS.forEach((reason, index) => {
        const now = this.#counts.getBigUint64(slot * ACCOUNT_BYTES + index * 8, little);
        const key = `${instance === undefined ? NOBODY : `${slot} ${instance}`} ${reason}`;
        const before = this.#told.get(key) ?? 0n;
        if (now > before) {
          counts[reason] = Number(now - before);
        }
        this.#told.set(key, now);
      });
      return Object.keys(counts).length === 0 ? [] : [{ instance, counts }];
    });
  }

  close(): void {
    this.#rules.close();
    this.#accounts.close();
    this.#program.close();
    this.#object.close();
  }
}

/** A unicast and a multicast instance may share interface and VRID: all but the rate is the machine's business then. */
function lenient(rule: Uint8Array): Uint8Array {
  const out = rule.slice();
  out[4] = ANY_VERSION;
  return out;
}
