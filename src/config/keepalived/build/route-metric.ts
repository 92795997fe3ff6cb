// RTAX_* metrics of a route line, by iproute2's names (ip-route(8)).
import type { HostRoute } from '../../../model/keepalived/network.js';
import type { Word } from '../keyword.js';
import type { Line } from './line.js';

export type RouteDraft = { -readonly [K in keyof HostRoute]?: HostRoute[K] };

/** How a metric's value is read: a number up to `max`, or a time in milliseconds. `says`: its name in the complaint. */
interface Metric {
  readonly max: number;
  readonly lock?: boolean;
  readonly time?: boolean;
  readonly says: string;
}

const unsigned = 0xffffffff;

export const metrics: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ['mtu', { max: unsigned, lock: true, says: 'MTU' }],
  ['hoplimit', { max: 255, says: 'hoplimit' }],
  ['advmss', { max: unsigned, lock: true, says: 'advmss' }],
  ['rtt', { max: unsigned, lock: true, time: true, says: 'rtt' }],
  ['rttvar', { max: unsigned, lock: true, time: true, says: 'rttvar' }],
  ['rto_min', { max: unsigned, lock: true, time: true, says: 'rto_min' }],
  ['reordering', { max: unsigned, lock: true, says: 'reordering' }],
  ['window', { max: unsigned, says: 'window' }],
  ['cwnd', { max: unsigned, lock: true, says: 'cwnd' }],
  ['ssthresh', { max: unsigned, lock: true, says: 'ssthresh' }],
  ['initcwnd', { max: unsigned, says: 'initcwnd' }],
  ['initrwnd', { max: unsigned, says: 'initrwnd' }],
  ['quickack', { max: 1, says: 'quickack value' }],
  ['fastopen_no_cookie', { max: 1, says: 'fastopen_no_cookie value' }],
]);

/** `100`, `100ms`, `1.5s` as milliseconds. */
function readMilliseconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d*)?)(s|sec|secs|ms|msec|msecs)?$/.exec(text);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * (match[2]?.startsWith('s') === true ? 1000 : 1));
}

/** `features ecn`: the kernel's RTAX_FEATURES, bit 0. */
export function readFeatures(line: Line, draft: RouteDraft): void {
  const word = line.need();
  if (word === undefined) return;
  if (word.text === 'ecn') draft.metrics = [...(draft.metrics ?? []), { name: 'features', value: 1, lock: false }];
  else line.error(word, `feature ${word.text} not supported`);
}

/** `congctl [lock] NAME` */
export function readCongestionControl(line: Line, draft: RouteDraft): void {
  const lock = line.skip('lock');
  const word = line.need();
  if (word !== undefined) draft.congestionControl = { name: word.text, lock };
}

/** A metric's value into the draft; false: the route is not used. */
export function readMetric(line: Line, keyword: Word, draft: RouteDraft): boolean {
  const metric = metrics.get(keyword.text)!;
  const lock = metric.lock === true && line.skip('lock');
  const word = line.need();
  if (word === undefined) return false;
  const otherwise = `Invalid ${metric.says} ${word.text} specified for route`;
  const value = metric.time === true ? readMilliseconds(word.text) : line.number(word, { min: 0, max: metric.max }, otherwise);
  if (value === undefined && metric.time === true) line.error(word, otherwise);
  if (value === undefined) return false;
  const others = (draft.metrics ?? []).filter(({ name }) => name !== keyword.text);
  draft.metrics = [...others, { name: keyword.text, value, lock }];
  return true;
}
