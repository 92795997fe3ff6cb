// An instance of VRRP that leaves its addresses to its peers, or takes them again as its priority has it: with an entry in the journal.
import { WeirError } from '../../model/errors/weir-error.js';
import { shellWord } from '../../model/shell-word.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { recordedWithoutState } from './record-change.js';

/** Of all instances of VRRP on this host. */
export const instanceNames = (sources: Pick<ApiSources, 'daemons'>): readonly string[] =>
  sources.daemons().flatMap(({ instances }) => (instances ?? []).map(({ name }) => name));

/** @throws WeirError api-no-resource, lock-busy */
export async function releaseInstance(sources: ApiSources, name: string, isReleased: boolean, caller: Caller): Promise<void> {
  const path = `/v1/instances/${encodeURIComponent(name)}`;
  if (!instanceNames(sources).includes(name)) throw new WeirError('api-no-resource', { path, list: '/v1/instances' });
  const command = `weir api ${isReleased ? 'POST' : 'DELETE'} ${shellWord(`${path}/release`)}`;
  await recordedWithoutState(sources, caller, command, () => sources.releaseInstance(name, isReleased));
}
