// What a drain of the director asks of VRRP here, and what it finds: which instances there are, which are MASTER, and what their peers lack.
import { publishedVrrp } from '../../host/published-vrrp.js';
import { changeReleased, releasedNow } from '../../host/released-file.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import type { DrainHandover } from '../../model/drain/drain.js';
import { native } from '../../sys/addon.js';

const published = () => publishedVrrp.living(String(native().netnsCookie())).flatMap(({ instances }) => instances);

/** The names of all instances of daemons in this network namespace. */
export const instancesHere = (): readonly string[] => published().map(({ name }) => name);

/** Connections that some peer would not have; null: not known. */
function wouldBreak(): number | null {
  const peers = readStreamStatus()?.peers ?? [];
  const each = peers.map(({ to }) => to.wouldBreak);
  return each.length === 0 || each.includes(null) ? null : Math.max(...each.map(Number));
}

/** Undefined: no daemon publishes an instance now, as while it is upgraded. */
export function handoverNow(): DrainHandover | undefined {
  const instances = published();
  if (instances.length === 0) return undefined;
  return { masters: instances.flatMap(({ name, state }) => (state === 'master' ? [name] : [])), wouldBreak: wouldBreak() };
}

/** All instances leave their addresses to their peers for this drain; null: for none any more. */
export function releaseFor(drain: string | null): void {
  if (releasedNow().drain !== drain) changeReleased((before) => ({ ...before, drain }));
}
