// The CPU's counters in the text of Prometheus' node_exporter: `node_cpu_seconds_total{cpu="0",mode="idle"} 123.45`.
import { type ReadReport, wrongReport } from '../../model/feedback/load-report.js';

const SERIES_MAX = 100_000;
const CPU = /^node_cpu_seconds_total\{([^}\n]{0,200})\}[ \t]+(\S{1,40})(?:[ \t]+\d+)?[ \t]*$/gm;
const BOOT = /^node_boot_time_seconds[ \t]+(\S{1,40})/m;
const LABEL = /(?:^|,)\s*(cpu|mode)="([^"\\]{0,40})"/g;
/** Time in which the CPU could have worked. */
const IDLE: ReadonlySet<string> = new Set(['idle', 'iowait']);

function labelsOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value]));
}

export function decodeNodeExporter(text: string): ReadReport {
  const seen = new Set<string>();
  let [busy, total] = [0, 0];
  for (const [, labels = '', value = ''] of text.matchAll(CPU)) {
    const found = labelsOf(labels);
    const [cpu, mode] = [found.get('cpu'), found.get('mode')];
    if (cpu === undefined || mode === undefined) return wrongReport(`node_cpu_seconds_total{${labels.slice(0, 40)}} has no cpu or no mode`);
    const series = `${cpu}/${mode}`;
    if (seen.has(series)) return wrongReport(`node_cpu_seconds_total of CPU ${cpu}, ${mode}, comes twice`);
    if (seen.size >= SERIES_MAX) return wrongReport('the text has too many CPUs');
    seen.add(series);
    const seconds = Number(value);
    if (!Number.isFinite(seconds) || seconds < 0) return wrongReport(`node_cpu_seconds_total of CPU ${cpu}, ${mode}, is ${value}`);
    total += seconds;
    if (!IDLE.has(mode)) busy += seconds;
  }
  if (seen.size === 0) return wrongReport('the text has no node_cpu_seconds_total');
  const [, run] = BOOT.exec(text) ?? [];
  return { kind: 'report', report: { counters: { resources: [{ name: 'cpu', busy, total }], ...(run === undefined ? {} : { run }) } } };
}
