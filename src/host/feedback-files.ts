// What weir feedback keeps on this host: the weights that it wrote, for the process after it, and whether an operator froze a service's.
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { RememberedWeight } from '../control/feedback/messages.js';
import { type FeedbackTarget, targetWord } from '../model/feedback/feedback-target.js';
import { isRecord, parseJson } from '../model/json.js';
import { unlessCode } from '../sys/errno.js';
import { folderStamp } from './folder-stamp.js';
import { netnsStatePath, StateFile } from './state-file.js';

const FORMAT = 1;
const NO_WEIGHTS: ReadonlyMap<string, RememberedWeight> = new Map();

/** A name of letters, digits and dashes: what is left of dead namespaces is found by it. */
const suffixOf = (what: string, key: FeedbackTarget): string =>
  `_${what}-${targetWord(key).replace(/[^a-z0-9]/g, (other) => (key.kind === 'pool' ? `-${other.charCodeAt(0)}-` : '-'))}`;

const recordOf = (key: FeedbackTarget): StateFile => new StateFile('feedback', suffixOf('weights', key));
const freezeOf = (key: FeedbackTarget): StateFile => new StateFile('feedback', suffixOf('frozen', key));

const isWeight = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function readWeight(value: unknown): RememberedWeight | undefined {
  if (!isRecord(value)) return undefined;
  const { configured, effective, writing } = value;
  if (!isWeight(configured) || !isWeight(effective)) return undefined;
  return { configured, effective, ...(isWeight(writing) ? { writing } : {}) };
}

/** By the servers' ids; empty: there is nothing that this build can read. @throws SystemError */
export function readFeedbackRecord(key: FeedbackTarget): ReadonlyMap<string, RememberedWeight> {
  const value = parseJson(recordOf(key).read() ?? 'null');
  if (!isRecord(value) || value['format'] !== FORMAT || !isRecord(value['weights'])) return new Map();
  return new Map(
    Object.entries(value['weights']).flatMap(([id, one]) => {
      const weight = readWeight(one);
      return weight === undefined ? [] : [[id, weight] as const];
    }),
  );
}

/** `readFeedbackRecord` for all services of a table: those that have no file, as most, are known by one look at the folder. @throws SystemError */
export function feedbackRecords(): (key: FeedbackTarget) => ReadonlyMap<string, RememberedWeight> {
  const folder = dirname(netnsStatePath('feedback'));
  const names = new Set(unlessCode(() => readdirSync(folder), ['ENOENT', 'ENOTDIR'], []));
  if (names.size === 0) return () => NO_WEIGHTS;
  return (key) => (names.has(basename(recordOf(key).path)) ? readFeedbackRecord(key) : NO_WEIGHTS);
}

/** Empty: removes it. @throws SystemError */
export function writeFeedbackRecord(key: FeedbackTarget, weights: ReadonlyMap<string, RememberedWeight>): void {
  recordOf(key).write(weights.size === 0 ? undefined : `${JSON.stringify({ format: FORMAT, weights: Object.fromEntries(weights) })}\n`);
}

export const isFrozen = (key: FeedbackTarget): boolean => freezeOf(key).read() !== undefined;

/** @throws SystemError */
export const setFrozen = (key: FeedbackTarget, frozen: boolean): void => freezeOf(key).write(frozen ? 'frozen\n' : undefined);

/** Of all records of this host; undefined: one was written just now. */
export const feedbackStamp = (): string | undefined => folderStamp(dirname(netnsStatePath('feedback')));
