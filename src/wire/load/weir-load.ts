// The answer of weir's own agent to `GET /weir-load`: counters as JSON.
//   {"format":1,"run":"…","clock_us":1,"resources":{"cpu":{"busy":1,"total":2}},"completed":3,"state":"ready"}

import {
  type AdminState,
  type LoadCounters,
  type ReadReport,
  type ResourceCounter,
  wrongReport,
} from '../../model/feedback/load-report.js';
import { isRecord, parseJson } from '../../model/json.js';
import { printableAscii } from '../../model/printable-ascii.js';

/** The path of the agent's answer. */
export const WEIR_LOAD_PATH = '/weir-load';
const FORMAT = 1;
const RESOURCES_MAX = 64;
const NAME_MAX = 64;
const RUN_MAX = 200;
const WHY_MAX = 200;

/** A reason as it may be printed: one line of at most WHY_MAX printable characters of ASCII. */
const reasonText = (why: string): string => printableAscii(why).slice(0, WHY_MAX);

export function encodeWeirLoad({ clockUs, run, resources, completed }: LoadCounters, state?: AdminState): string {
  const why = state?.kind === 'drain' ? reasonText(state.why) : undefined;
  const named = Object.fromEntries(resources.map(({ name, busy, total }) => [name, { busy, total }]));
  return `${JSON.stringify({ format: FORMAT, run, clock_us: clockUs, resources: named, completed, state: state?.kind, why })}\n`;
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function readResources(value: unknown): readonly ResourceCounter[] | undefined {
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0 || entries.length > RESOURCES_MAX) return undefined;
  const resources = entries.flatMap(([name, one]) => {
    if (!isRecord(one) || name.length > NAME_MAX) return [];
    const { busy, total } = one;
    return isCount(busy) && isCount(total) ? [{ name, busy, total }] : [];
  });
  return resources.length === entries.length ? resources : undefined;
}

export function decodeWeirLoad(text: string): ReadReport {
  const value = parseJson(text);
  if (!isRecord(value)) return wrongReport('the answer is no JSON object');
  const { format, run, clock_us: clockUs, completed } = value;
  if (format !== FORMAT)
    return wrongReport(typeof format === 'number' ? `the answer has format ${format}, not ${FORMAT}` : `"format" is not ${FORMAT}`);
  const resources = readResources(value['resources']);
  if (resources === undefined) return wrongReport('"resources" is no object of {"busy": number, "total": number}');
  if (!isCount(clockUs)) return wrongReport('"clock_us" is no count');
  if (typeof run !== 'string' || run.length > RUN_MAX) return wrongReport('"run" is no short text');
  if (completed !== undefined && !isCount(completed)) return wrongReport('"completed" is no count');
  const state = value['state'];
  if (state !== undefined && state !== 'ready' && state !== 'drain') return wrongReport('"state" is neither "ready" nor "drain"');
  const why = value['why'];
  if (why !== undefined && (typeof why !== 'string' || why.length > WHY_MAX)) return wrongReport('"why" is no short text');
  const admin =
    state === undefined
      ? {}
      : { state: state === 'ready' ? ({ kind: 'ready' } as const) : ({ kind: 'drain', why: reasonText(why || 'drain') } as const) };
  return { kind: 'report', report: { ...admin, counters: { clockUs, run, resources, ...(completed === undefined ? {} : { completed }) } } };
}
