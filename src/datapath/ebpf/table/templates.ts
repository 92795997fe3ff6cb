// The templates of persistent services, slot by slot.
import { Abi, Conf } from '../abi.gen.js';
import { TemplateAbi as T, Template } from '../template.gen.js';
import type { Tables } from './tables.js';

export interface TakenTemplate {
  /** The client's network, packet order. */
  readonly client: number;
  readonly service: number;
  readonly dest: number;
  readonly assured: boolean;
  /** By the datapath's clock. */
  readonly expires: number;
  /** It has expired, and the timer is asking whether connections hold it. */
  readonly asked: boolean;
}

const flagged = (value: bigint, flag: number | bigint): boolean => (value & BigInt(flag)) !== 0n;

/** Each is whole, by the rule of abi.h: key, value, key. */
export function* takenTemplates(tables: Tables): Generator<TakenTemplate> {
  if (tables.conf.get(0, Conf.templatesLive) === 0) return;
  const slots = tables.templates();
  for (let slot = 0; slot < slots.count; slot++) {
    const [key, value] = [slots.big(slot, Template.key), slots.big(slot, Template.value)];
    const dest = Number(value >> BigInt(T.T_DEST_SHIFT)) & T.T_DEST_MASK;
    if (dest === 0 || dest === T.T_DEST_MASK || slots.big(slot, Template.key) !== key) continue;
    yield {
      client: Number(key & 0xffffffffn),
      service: Number(key >> BigInt(Abi.K_SERVICE_SHIFT)),
      dest,
      assured: flagged(value, T.T_ASSURED),
      expires: Number(value & 0xffffffffn),
      asked: flagged(value, T.T_ASKED),
    };
  }
}
