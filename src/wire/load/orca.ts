// ORCA reports in a header of an HTTP response: `endpoint-load-metrics: cpu_utilization:0.3,named_metrics.q:4`, with or without the prefix `TEXT `;
// with `JSON `, or as endpoint-load-metrics-json, one JSON object. The binary form is not read. (xds.data.orca.v3.OrcaLoadReport)
import { type ReadReport, wrongReport } from '../../model/feedback/load-report.js';
import { isRecord, parseJson } from '../../model/json.js';

export const ORCA_HEADERS = ['endpoint-load-metrics', 'endpoint-load-metrics-json', 'endpoint-load-metrics-bin'] as const;

const HEADER_MAX = 8192;
const PAIRS_MAX = 128;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
/** The first that is there counts: what the application itself knows comes before the CPU. */
const BUSY_NAMES = ['application_utilization', 'cpu_utilization'] as const;

type Metrics = ReadonlyMap<string, number>;

/** A text: what is wrong. */
function textMetrics(text: string): Metrics | string {
  const metrics = new Map<string, number>();
  const pairs = text.split(',');
  if (pairs.length > PAIRS_MAX) return `more than ${PAIRS_MAX} metrics`;
  for (const pair of pairs) {
    const [, name, value = ''] = /^\s*([\w.\-/]{1,128})\s*[:=]\s*(\S{1,40})\s*$/.exec(pair) ?? [];
    if (name === undefined) return `${JSON.stringify(pair.slice(0, 40))} is no metric with a value`;
    if (metrics.has(name)) return `${name} comes twice`;
    if (!NUMBER.test(value) || !Number.isFinite(Number(value))) return `${name} is no number`;
    metrics.set(name, Number(value));
  }
  return metrics;
}

function jsonMetrics(text: string): Metrics | string {
  const value = parseJson(text);
  if (!isRecord(value)) return 'no JSON object';
  const metrics = new Map<string, number>();
  for (const name of BUSY_NAMES) {
    const camel = name.replace(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
    const found = value[name] ?? value[camel];
    if (found === undefined) continue;
    if (typeof found !== 'number' || !Number.isFinite(found)) return `${name} is no number`;
    metrics.set(name, found);
  }
  return metrics;
}

/** The load in a response's headers, by lower-case names. More than one form is an error. */
export function decodeOrca(headers: ReadonlyMap<string, string>): ReadReport {
  const present = ORCA_HEADERS.filter((name) => headers.has(name));
  const [form] = present;
  if (form === undefined) return wrongReport('the response has no header endpoint-load-metrics');
  if (present.length > 1) return wrongReport(`the response has both ${present.join(' and ')}`);
  if (form === 'endpoint-load-metrics-bin') return wrongReport('endpoint-load-metrics-bin is not read: have the server send text or JSON');
  const header = headers.get(form) ?? '';
  if (header.length > HEADER_MAX) return wrongReport(`${form} is longer than ${HEADER_MAX} characters`);
  const [, prefix = form.endsWith('json') ? 'JSON' : 'TEXT', rest = ''] = /^(?:(TEXT|JSON) )?(.*)$/s.exec(header) ?? [];
  const metrics = prefix === 'JSON' ? jsonMetrics(rest) : textMetrics(rest);
  if (typeof metrics === 'string') return wrongReport(`${form}: ${metrics}`);
  const name = BUSY_NAMES.find((one) => metrics.has(one));
  const busy = name === undefined ? undefined : metrics.get(name);
  if (busy === undefined) return wrongReport(`${form} has neither ${BUSY_NAMES.join(' nor ')}`);
  if (busy < 0) return wrongReport(`${name} is ${busy}`);
  return { kind: 'report', report: { busy } };
}
