// What weir feedback keeps on this host: the weights that it wrote, for the process after it, and whether an operator froze a service's.
import type { RememberedWeight } from '../control/feedback/messages.js';
import { isRecord, parseJson } from '../model/json.js';
import type { ServiceKey } from '../model/service.js';
import { serviceWord } from '../model/service-word.js';
import { StateFile } from './state-file.js';

const FORMAT = 1;

/** A name of letters, digits and dashes: what is left of dead namespaces is found by it. */
const suffixOf = (what: string, key: ServiceKey): string => `_${what}-${serviceWord(key).replace(/[^a-z0-9]/g, '-')}`;

const recordOf = (key: ServiceKey): StateFile => new StateFile('feedback', suffixOf('weights', key));
const freezeOf = (key: ServiceKey): StateFile => new StateFile('feedback', suffixOf('frozen', key));

const isWeight = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function readWeight(value: unknown): RememberedWeight | undefined {
  if (!isRecord(value)) return undefined;
  const { configured, effective, writing } = value;
  if (!isWeight(configured) || !isWeight(effective)) return undefined;
  return { configured, effective, ...(isWeight(writing) ? { writing } : {}) };
}

/** By the servers' ids; empty: there is nothing that this build can read. @throws SystemError */
export function readFeedbackRecord(key: ServiceKey): ReadonlyMap<string, RememberedWeight> {
  const value = parseJson(recordOf(key).read() ?? 'null');
  if (!isRecord(value) || value['format'] !== FORMAT || !isRecord(value['weights'])) return new Map();
  return new Map(
    Object.entries(value['weights']).flatMap(([id, one]) => {
      const weight = readWeight(one);
      return weight === undefined ? [] : [[id, weight] as const];
    }),
  );
}

/** Empty: removes it. @throws SystemError */
export function writeFeedbackRecord(key: ServiceKey, weights: ReadonlyMap<string, RememberedWeight>): void {
  recordOf(key).write(weights.size === 0 ? undefined : `${JSON.stringify({ format: FORMAT, weights: Object.fromEntries(weights) })}\n`);
}

export const isFrozen = (key: ServiceKey): boolean => freezeOf(key).read() !== undefined;

/** @throws SystemError */
export const setFrozen = (key: ServiceKey, frozen: boolean): void => freezeOf(key).write(frozen ? 'frozen\n' : undefined);
