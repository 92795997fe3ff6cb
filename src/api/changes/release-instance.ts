// An instance of VRRP that leaves its addresses to its peers, or takes them again as its priority has it: with an entry in the journal.
import { WeirError } from '../../model/errors/weir-error.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { currentEtag } from './change-table.js';
import { recordedChange } from './record-change.js';

/** No configuration changes: the state is the same before and after. @throws WeirError api-no-resource, lock-busy */
export async function releaseInstance(sources: ApiSources, name: string, isReleased: boolean, caller: Caller): Promise<void> {
  const names = sources.daemons().flatMap(({ instances }) => (instances ?? []).map((one) => one.name));
  if (!names.includes(name)) throw new WeirError('api-no-resource', { path: `/v1/instances/${name}` });
  const etag = currentEtag(sources);
  const command = `weir api ${isReleased ? 'POST' : 'DELETE'} /v1/instances/${name}/release`;
  const entry = { author: caller.name, before: etag, commands: [command], of: null, undo: null };
  await recordedChange(
    sources,
    entry,
    () => Promise.resolve(sources.releaseInstance(name, isReleased)),
    () => etag,
  );
}
