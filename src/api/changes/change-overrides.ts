// Overrides that the API states and takes away: for the state in If-Match, and with an entry in the journal.
import { createHash } from 'node:crypto';
import type { DrainRecord } from '../../model/drain/drain.js';
import { drainTargetWord, parseDrainTarget } from '../../model/drain/drain-target.js';
import type { Override, WantedOverride } from '../../model/drain/override.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { shellQuoted } from '../../model/shell-word.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { checkTag } from './condition.js';
import { recordedWithoutState } from './record-change.js';

const TAG_LENGTH = 16;

/** Of all overrides: who changes one has seen the others. */
export function overridesEtag({ overrides = [] }: Pick<DrainRecord, 'overrides'>): string {
  const text = JSON.stringify(overrides.toSorted((a, b) => (a.target < b.target ? -1 : 1)));
  return `"${createHash('sha256').update(text).digest('hex').slice(0, TAG_LENGTH)}"`;
}

/** @throws WeirError drain-target */
function wordOf(text: string): string {
  const target = parseDrainTarget(text);
  if (target === undefined) throw new WeirError('drain-target', { given: text });
  return drainTargetWord(target);
}

const pathOf = (target: string): string => `/v1/overrides/${encodeURIComponent(target)}`;

const found = ({ overrides = [] }: DrainRecord, target: string): Override | undefined => overrides.find((one) => one.target === target);

/** @throws WeirError drain-target, api-no-resource */
export function overrideOf(record: DrainRecord, text: string): Override {
  const target = wordOf(text);
  const one = found(record, target);
  if (one === undefined) throw new WeirError('api-no-resource', { path: pathOf(target), list: '/v1/overrides' });
  return one;
}

interface Condition {
  /** If-Match. */
  readonly match: string | undefined;
  readonly caller: Caller;
}

/** @throws WeirError drain-target, api-condition-missing, api-stale, as checkOverride, lock-busy */
export async function setOverride(
  sources: ApiSources,
  asked: Omit<WantedOverride, 'owner'>,
  { match, caller }: Condition,
): Promise<{ readonly override: Override; readonly etag: string }> {
  const target = wordOf(asked.target);
  const check = (record: DrainRecord): void => checkTag(match, overridesEtag(record));
  check(sources.drainRecord());
  const { state, weight, forS, reason, allowEmpty } = asked;
  const body = JSON.stringify({ state, weight: weight ?? undefined, for: forS ?? undefined, reason, allow_empty: allowEmpty || undefined });
  const command = `weir api PUT ${pathOf(target)} ${shellQuoted(body)} --if-match '*'`;
  const { made } = await recordedWithoutState(sources, caller, command, () =>
    sources.setOverride({ ...asked, target, owner: caller.name }, check),
  );
  return { override: overrideOf(made, target), etag: overridesEtag(made) };
}

/** @throws WeirError drain-target, api-no-resource, api-condition-missing, api-stale, lock-busy */
export async function removeOverride(sources: ApiSources, text: string, { match, caller }: Condition): Promise<string> {
  const check = (record: DrainRecord): void => checkTag(match, overridesEtag(record));
  const present = sources.drainRecord();
  const { target } = overrideOf(present, text);
  check(present);
  const command = `weir api DELETE ${pathOf(target)} --if-match '*'`;
  const { made } = await recordedWithoutState(sources, caller, command, () => sources.removeOverride(target, check));
  return overridesEtag(made);
}
