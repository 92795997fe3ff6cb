// The bounds of the protocol: the longest waits of an instance, over all configurations that a history gives it.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { History } from '../history.js';

/** How late a step may be, and some slack. */
export const slackUs = (history: History): number => history.lateUs + 1_000;

const configurationsOf = (history: History): readonly KeepalivedConfiguration[] => [
  ...history.nodes.map(({ configuration }) => configuration),
  ...history.events.flatMap(({ what }) => (what.kind === 'reload' ? [what.configuration] : [])),
];

/** By instance name: the longest advert interval of any node. */
export function longestIntervals(history: History): ReadonlyMap<string, number> {
  const longest = new Map<string, number>();
  for (const { name, advertUs } of configurationsOf(history).flatMap(({ instances }) => instances))
    longest.set(name, Math.max(advertUs, longest.get(name) ?? 0));
  return longest;
}

/** Names of instances whose interval differs between nodes or changes. */
export function mixedIntervals(history: History): ReadonlySet<string> {
  const longest = longestIntervals(history);
  const all = configurationsOf(history).flatMap(({ instances }) => instances);
  return new Set(all.filter(({ name, advertUs }) => advertUs !== longest.get(name)).map(({ name }) => name));
}

export const skewOf = (instance: VrrpInstance, priority: number, intervalUs: number): number =>
  Math.floor(((256 - priority) * (instance.version === 2 ? 1_000_000 : intervalUs)) / 256);

/** RFC 3768 §6.1, RFC 9568 §6.1 */
export const downOf = (instance: VrrpInstance, priority: number, intervalUs: number): number =>
  instance.downTimerAdverts * intervalUs + skewOf(instance, priority, intervalUs);

/** lvs_sync_wait; histories that have none miss no connections. */
export const waitLimitUs = ({ global }: KeepalivedConfiguration): number => (global.lvsSyncWait ?? 0) * 1_000_000;

/** After this time without disturbance every election of a history is over. */
export function settleUs(history: History): number {
  const configurations = configurationsOf(history);
  const intervals = longestIntervals(history);
  const elections = configurations
    .flatMap(({ instances }) => instances)
    .map((instance) => 2 * downOf(instance, 1, intervals.get(instance.name) ?? instance.advertUs) + instance.preemptDelayUs);
  const delays = configurations.map(({ global, scripts }) =>
    Math.max(global.startupDelayUs, ...scripts.map(({ intervalUs, rise, fall }) => (rise + fall + 1) * intervalUs)),
  );
  const late = history.events.map(({ what }) => (what.kind === 'weather' ? what.weather.maxUs : 0));
  const links = configurations.flatMap(({ root }) => root.interfaceDelays.map(({ downUs, upUs }) => Math.max(downUs, upUs)));
  const waits = configurations.map(waitLimitUs);
  return Math.max(0, ...waits) + Math.max(0, ...elections) + Math.max(0, ...delays) + Math.max(0, ...late) + Math.max(0, ...links);
}
