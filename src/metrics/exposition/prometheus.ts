// Families as text: Prometheus' format 0.0.4, and OpenMetrics 1.0 of the same families.
import type { Family } from './family.js';

export type PrometheusFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<PrometheusFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const helpText = (help: string): string => help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function valueText(value: number | bigint): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** OpenMetrics names a counter without `_total`, and knows no counter whose samples lack it: such a one is of unknown type there. */
function head({ name, type, help }: Family, format: PrometheusFormat): string {
  const counted = type === 'counter' && format === 'openmetrics';
  const shown = counted ? name.replace(/_total$/, '') : name;
  const kind = counted && shown === name ? 'unknown' : type;
  return `# HELP ${shown} ${helpText(help)}\n# TYPE ${shown} ${kind}\n`;
}

function familyText(family: Family, format: PrometheusFormat): string {
  const { name, samples } = family;
  let text = head(family, format);
  for (const { labels, value, suffix = '' } of samples) text += `${name}${suffix}${labels} ${valueText(value)}\n`;
  return text;
}

/** Families without a sample are left out. The text ends in a newline, or is empty. */
export function expositionText(families: readonly Family[], format: PrometheusFormat): string {
  const texts = families.filter(({ samples }) => samples.length > 0).map((family) => familyText(family, format));
  return texts.join('') + (format === 'openmetrics' ? '# EOF\n' : '');
}
