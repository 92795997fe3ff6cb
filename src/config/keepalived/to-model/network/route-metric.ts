// RTAX_* metrics of a route line, by iproute2's names (ip-route(8)).

import type { HostRoute } from '../../../../model/keepalived/network.js';
import type { With } from '../../diagnostics/row.js';
import type { Word } from '../../keyword.js';
import { UNSIGNED_MAX } from '../../values/number.js';
import type { Line } from '../line.js';

export type RouteDraft = { -readonly [K in keyof HostRoute]?: HostRoute[K] };

/** How a metric's value is read: a number up to `max`, or a time. `label`: its name in messages. */
interface Metric {
  readonly max: number;
  readonly lock?: boolean;
  /** For a time: the number of kernel units in a millisecond. */
  readonly perMs?: number;
  readonly label: string;
}

export const metrics: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ['mtu', { max: UNSIGNED_MAX, lock: true, label: 'MTU' }],
  ['hoplimit', { max: 255, label: 'hoplimit' }],
  ['advmss', { max: UNSIGNED_MAX, lock: true, label: 'advmss' }],
  ['rtt', { max: UNSIGNED_MAX, lock: true, perMs: 8, label: 'rtt' }],
  ['rttvar', { max: UNSIGNED_MAX, lock: true, perMs: 4, label: 'rttvar' }],
  ['rto_min', { max: UNSIGNED_MAX, lock: true, perMs: 1, label: 'rto_min' }],
  ['reordering', { max: UNSIGNED_MAX, lock: true, label: 'reordering' }],
  ['window', { max: UNSIGNED_MAX, label: 'window' }],
  ['cwnd', { max: UNSIGNED_MAX, lock: true, label: 'cwnd' }],
  ['ssthresh', { max: UNSIGNED_MAX, lock: true, label: 'ssthresh' }],
  ['initcwnd', { max: UNSIGNED_MAX, label: 'initcwnd' }],
  ['initrwnd', { max: UNSIGNED_MAX, label: 'initrwnd' }],
  ['quickack', { max: 1, label: 'quickack value' }],
  ['fastopen_no_cookie', { max: 1, label: 'fastopen_no_cookie value' }],
]);

/** The range that keepalived enforces. */
const RTT_MIN_MS = 200;
const RTT_MAX_MS = 120_000;

/** `100ms`, `1.5s`, or a number of kernel units, as milliseconds. Out of range it is reported, and the nearest bound is used. */
function readMilliseconds(line: Line, word: Word, perMs: number, details: With<'name' | 'word'>): number | undefined {
  const match = /^(\d+(?:\.\d*)?)(s|sec|secs|ms|msec|msecs)?$/.exec(word.text);
  if (match === null) {
    line.report('route-metric-invalid', word.at, details);
    return undefined;
  }
  const [, digits, unit] = match;
  const value = unit === undefined ? Math.round(Number(digits)) / perMs : Math.round(Number(digits) * (unit.startsWith('s') ? 1000 : 1));
  if (value < RTT_MIN_MS) line.report('route-rtt-below-min', word.at, { word: word.text, min: RTT_MIN_MS });
  if (value > RTT_MAX_MS) line.report('route-rtt-above-max', word.at, { word: word.text, max: RTT_MAX_MS / 1000 });
  return Math.min(RTT_MAX_MS, Math.max(RTT_MIN_MS, value));
}

/** `features ecn`: the kernel's RTAX_FEATURES, bit 0. */
export function readFeatures(line: Line, draft: RouteDraft): void {
  const word = line.need();
  if (word === undefined) return;
  if (word.text === 'ecn') draft.metrics = [...(draft.metrics ?? []), { name: 'features', value: 1, lock: false }];
  else line.report('route-feature-unknown', word.at, { word: word.text });
}

/** `congctl [lock] NAME` */
export function readCongestionControl(line: Line, draft: RouteDraft): void {
  const lock = line.skip('lock');
  const word = line.need();
  if (word !== undefined) draft.congestionControl = { name: word.text, lock };
}

/** Reads a metric's value into the draft; false: the route is not used. */
export function readMetric(line: Line, keyword: Word, draft: RouteDraft): boolean {
  const metric = metrics.get(keyword.text)!;
  const lock = metric.lock === true && line.skip('lock');
  const word = line.need();
  if (word === undefined) return false;
  const details = { name: metric.label, word: word.text };
  const { max, perMs } = metric;
  const value =
    perMs === undefined
      ? line.number(word, { min: 0, max }, 'route-metric-invalid', details)
      : readMilliseconds(line, word, perMs, details);
  if (value === undefined) return false;
  const others = (draft.metrics ?? []).filter(({ name }) => name !== keyword.text);
  draft.metrics = [...others, { name: keyword.text, value, lock }];
  return true;
}
