// What a reader asks of an exposition: the query of GET /metrics and the options of `weir metrics` are the same words.
import { WeirError } from '../../model/errors/weir-error.js';
import type { ServiceKey } from '../../model/service.js';
import { parseServiceWord } from '../../model/service-word.js';
import { nodeLabels } from '../families/node-ipvs.js';
import { SCOPES, type Scope } from './family.js';

/** `node`, `keepalived` and `weir` are written where nothing else is asked for. */
const FAMILY_SETS = ['node', 'keepalived', 'weir', 'keepalived-gen2brain'] as const;
export type FamilySet = (typeof FAMILY_SETS)[number];

const FORMATS = ['prometheus', 'openmetrics', 'influx'] as const;
export type Format = (typeof FORMATS)[number];

export interface MetricsOptions {
  readonly families: readonly FamilySet[];
  readonly scopes: readonly Scope[];
  /** Absent: all. */
  readonly service?: ServiceKey;
  /** So many series of a scope at most: one that has more is left out, and weir_scrape_truncated has its name. Absent: no limit. */
  readonly seriesMax?: number;
  /** Of node_ipvs_backend_*; values of equal label sets are added. */
  readonly backendLabels: readonly string[];
  readonly format: Format;
}

/** Their names as in a query; on a command line with dashes for `_`. */
export const METRICS_PARAMETERS = ['family', 'scope', 'service', 'max_series', 'backend_labels', 'format'] as const;
export type MetricsParameter = (typeof METRICS_PARAMETERS)[number];

type Given = Readonly<Partial<Record<MetricsParameter, string>>>;

/** The words of a list, each one of `known`, and once: a set that is written twice has each series twice. @throws WeirError option-value */
function listOf<T extends string>(given: string | undefined, known: readonly T[], option: string, usual: readonly T[]): readonly T[] {
  if (given === undefined) return usual;
  const words = given.split(',').map((word) => {
    const found = known.find((one) => one === word);
    if (found === undefined) throw new WeirError('option-value', { option, expected: known.join(', '), given: word });
    return found;
  });
  return [...new Set(words)];
}

function serviceOf(given: string, option: string): ServiceKey {
  const key = parseServiceWord(given);
  if (key === undefined) throw new WeirError('option-value', { option, expected: 'a service, as tcp:192.0.2.1:80 or mark:5', given });
  return key;
}

function seriesOf(given: string, option: string): number {
  if (!/^\d{1,9}$/.test(given)) throw new WeirError('option-value', { option, expected: 'a number of series', given });
  return Number(given);
}

/** Both sets have keepalived_up. @throws WeirError option-value */
function checkSets(families: readonly FamilySet[], option: string): void {
  if (families.includes('keepalived') && families.includes('keepalived-gen2brain')) {
    const given = families.join(',');
    throw new WeirError('option-value', { option, expected: 'keepalived or keepalived-gen2brain, not both', given });
  }
}

/**
 * `nameOf`: how its writer names a parameter, for messages. `usual`: the format where none is given.
 * @throws WeirError option-value
 */
export function metricsOptions(given: Given, nameOf: (name: MetricsParameter) => string, usual: Format = 'prometheus'): MetricsOptions {
  const { family, scope, service, max_series: series, backend_labels: labels, format } = given;
  const families = listOf(family, FAMILY_SETS, nameOf('family'), ['node', 'keepalived', 'weir']);
  checkSets(families, nameOf('family'));
  return {
    families,
    scopes: listOf(scope, SCOPES, nameOf('scope'), SCOPES),
    ...(service === undefined ? {} : { service: serviceOf(service, nameOf('service')) }),
    ...(series === undefined ? {} : { seriesMax: seriesOf(series, nameOf('max_series')) }),
    backendLabels: listOf(labels, nodeLabels, nameOf('backend_labels'), nodeLabels),
    format: listOf(format, FORMATS, nameOf('format'), [usual])[0] ?? usual,
  };
}
