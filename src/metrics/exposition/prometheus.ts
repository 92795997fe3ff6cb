// Families as text: Prometheus' format 0.0.4, and OpenMetrics 1.0 of the same families.
import type { Family } from './family.js';
import { Lines } from './kept-lines.js';

export type PrometheusFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<PrometheusFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const helpText = (help: string): string => help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** OpenMetrics names a counter without `_total`, and knows no counter whose samples lack it: such a one is of unknown type there. */
function head({ name, type, help }: Family, format: PrometheusFormat): string {
  const counted = type === 'counter' && format === 'openmetrics';
  const shown = counted ? name.replace(/_total$/, '') : name;
  const kind = counted && shown === name ? 'unknown' : type;
  return `# HELP ${shown} ${helpText(help)}\n# TYPE ${shown} ${kind}\n`;
}

/** Small families are put together to pieces of about so many characters. */
const PIECE = 1 << 16;

/**
 * The text in pieces that are made when they are asked for, each in some tenths of a millisecond; samples of a family that are not needed yet are not
 * made. Families without a sample are left out. The text ends in a newline, or is empty. `lines`: of who writes the same families again and again.
 */
export function* expositionPieces(families: readonly Family[], format: PrometheusFormat, lines = new Lines()): Generator<string> {
  let text = '';
  for (const family of families) {
    if (family.samples.length === 0) continue;
    text += head(family, format);
    for (const piece of lines.of(family)) {
      if (text.length + piece.length < PIECE) {
        text += piece;
        continue;
      }
      yield text;
      yield piece;
      text = '';
    }
  }
  yield text + (format === 'openmetrics' ? '# EOF\n' : '');
}
