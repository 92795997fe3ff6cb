// What a drain of the director asks of VRRP here, and what it finds: which instances there are, which are MASTER, and what their peers lack.
import { type PublishedInstance, publishedVrrp } from '../../host/published-vrrp.js';
import { changeReleased, releasedNow } from '../../host/released-file.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import type { DrainHandover } from '../../model/drain/drain.js';
import { native } from '../../sys/addon.js';

/** Of daemons whose director is in this network namespace, wherever their own is (net_namespace_ipvs). */
function published(): readonly PublishedInstance[] {
  const cookie = String(native().netnsCookie());
  const here = publishedVrrp.living(cookie).filter(({ director }) => director === undefined);
  const elsewhere = publishedVrrp.livingAnywhere().filter(({ director }) => director === cookie);
  return [...here, ...elsewhere].flatMap(({ instances }) => instances);
}

/** The names of all instances of the daemons of this director. */
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
