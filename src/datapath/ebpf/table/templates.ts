// The templates of persistent services, slot by slot.
import type { Field, Records } from '../../../sys/bpf/records.js';
import { Abi, AddressFamily, Conf } from '../abi.gen.js';
import { Template6 } from '../abi6.gen.js';
import { TemplateAbi as T, Template } from '../template.gen.js';
import { TemplateFlagAbi } from '../template-flag.gen.js';
import { Calls } from './calls.js';
import type { OriginKey } from './origins.js';
import type { Tables } from './tables.js';

export interface TakenTemplate extends OriginKey {
  readonly slot: number;
  /** The client's network, packet order: one word, of IPv6 four. */
  readonly client: readonly number[];
  readonly service: number;
  readonly dest: number;
  readonly assured: boolean;
  /** It leads no client any more. */
  readonly lost: boolean;
  /** Of a template of one call: its Call-ID. */
  readonly call?: string;
  /** By the datapath's clock. */
  readonly expires: number;
  /** Clock units that it has after each use; undefined: TEMPLATE_HELD_SECONDS, since connections hold it. */
  readonly timeout: number | undefined;
  /** Of one call. */
  readonly isOfCall: boolean;
  /** It has expired, and the timer is asking whether connections hold it. */
  readonly asked: boolean;
}

const flagged = (value: bigint, flag: number | bigint): boolean => (value & BigInt(flag)) !== 0n;

const destOf = (value: bigint): number => Number(value >> BigInt(T.T_DEST_SHIFT)) & T.T_DEST_MASK;

const isOfCall = (key: bigint): boolean => ((key >> BigInt(Abi.K_PORT_SHIFT)) & 0xffffn) !== 0n;

/**
 * The template in a slot, whole, by the rules of template-abi.h, call-abi.h and abi6.h; undefined: there is none. `callAt`: the Call-ID of a slot.
 * `beside`: where the client's address is; undefined: in the key.
 */
export function templateAt(
  slots: Records,
  slot: number,
  callAt: (slot: number) => string | undefined,
  beside?: Field,
): TakenTemplate | undefined {
  const [key, value] = [slots.big(slot, Template.key), slots.big(slot, Template.value)];
  const dest = destOf(value);
  if (dest === 0 || dest === T.T_DEST_MASK) return undefined;
  const client = beside === undefined ? [Number(key & 0xffffffffn)] : [0, 1, 2, 3].map((k) => slots.get(slot, beside, k));
  const call = isOfCall(key) ? callAt(slot) : undefined;
  const timeout = slots.get(slot, Template.timeout);
  if (destOf(slots.big(slot, Template.value)) !== dest || slots.big(slot, Template.key) !== key) return undefined;
  return {
    slot,
    keyLow: Number(key & 0xffffffffn),
    keyHigh: Number(key >> 32n),
    client,
    service: Number(key >> BigInt(Abi.K_SERVICE_SHIFT)),
    dest,
    assured: flagged(value, BigInt(T.T_ASSURED) | TemplateFlagAbi.T_ANSWERED),
    lost: flagged(value, TemplateFlagAbi.T_LOST),
    expires: Number(value & 0xffffffffn),
    timeout: flagged(value, T.T_HELD) ? undefined : timeout,
    isOfCall: isOfCall(key),
    asked: flagged(value, T.T_ASKED),
    ...(call === undefined ? {} : { call }),
  };
}

function* takenIn(slots: Records, callAt: (slot: number) => string | undefined, beside?: Field): Generator<TakenTemplate> {
  for (let slot = 0; slot < slots.count; slot++) {
    const template = templateAt(slots, slot, callAt, beside);
    if (template !== undefined) yield template;
  }
}

/** All templates of both families that are there, also expired ones. */
export function* takenTemplates(tables: Tables): Generator<TakenTemplate> {
  if (tables.conf.get(0, Conf.templatesLive) === 0) return;
  const calls = new Calls(tables);
  try {
    yield* takenIn(tables.templates(), (slot) => calls.idAt(slot, AddressFamily.F_INET));
    const six = tables.templates6();
    if (six !== undefined) yield* takenIn(six, (slot) => calls.idAt(slot, AddressFamily.F_INET6), Template6.client);
  } finally {
    calls.close();
  }
}
