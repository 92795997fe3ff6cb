// What GET /metrics answers.
import type { ObservedDatapath } from '../../datapath/ebpf/observe/observer.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { expositionPiecesOf } from '../exposition/exposition.js';
import type { Lines } from '../exposition/kept-lines.js';
import { type Format, METRICS_PARAMETERS, type MetricsParameter, metricsOptions } from '../exposition/options.js';
import { CONTENT_TYPES } from '../exposition/prometheus.js';
import type { Snapshot } from '../snapshot.js';
import { collectSnapshot } from './collect-snapshot.js';

/** `accept`: the request's header, empty: none. `version`: weir's. `nameOf`: how its writer names a parameter; absent: as in a query. */
export interface ScrapeRequest {
  readonly accept: string;
  readonly version: string;
  readonly nameOf?: (name: MetricsParameter) => string;
  /** Absent: it is not the API that asks. */
  readonly api?: Snapshot['api'];
  /** Both of a process that is asked again and again: it keeps the tables mapped, and the lines of before. */
  readonly observe?: () => ObservedDatapath;
  readonly lines?: Lines;
}

export interface MetricsAnswer {
  readonly contentType: string;
  /** Of the text; each is made when it is asked for, so that its reader may do other things in between. */
  readonly pieces: Iterable<string>;
}

/** The quality that an Accept header gives a type of media, 0 to 1; undefined: it is not named. */
function qualityOf(accept: string, media: string, isRight: (parameters: string) => boolean): number | undefined {
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    if (type !== media || !isRight(parameters.join(';'))) continue;
    const quality = parameters.find((one) => one.startsWith('q='));
    return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
  }
  return undefined;
}

/** OpenMetrics where it is named, of version 1.0.0, and not liked less than text. */
export function negotiatedFormat(accept: string): Format {
  const open = qualityOf(accept, 'application/openmetrics-text', (given) => !given.includes('version=') || given.includes('version=1.0.0'));
  const plain = qualityOf(accept, 'text/plain', () => true) ?? 0;
  return open !== undefined && open > 0 && open >= plain ? 'openmetrics' : 'prometheus';
}

const PLAIN_TEXT = 'text/plain; charset=utf-8';

/**
 * Reads everything now and writes it as a scraper asked by `query`; `weir metrics` prints the same.
 *
 * Cost: it blocks the event loop, takes no lock and waits for a change of the table that is under way as long as the reader of `observe` does. Besides
 * some ten small files of /run/weir it reads each service and server once. Call it in a process whose timers may
 * be late by that much, never in that of VRRP or the checker. Its text, some 5 KB a service with three servers, is made piece by piece, of this moment.
 * @throws WeirError option-value, option-unknown: the query is wrong; else as collectSnapshot
 */
export function scrape(
  query: URLSearchParams,
  { accept, version, nameOf = (name) => name, api, observe, lines }: ScrapeRequest,
): MetricsAnswer {
  const unknown = [...query.keys()].find((name) => !METRICS_PARAMETERS.some((known) => known === name));
  if (unknown !== undefined) throw new WeirError('option-unknown', { option: unknown });
  const given = Object.fromEntries(METRICS_PARAMETERS.flatMap((name) => (query.has(name) ? [[name, query.getAll(name).join(',')]] : [])));
  const options = metricsOptions(given, nameOf, negotiatedFormat(accept));
  const pieces = expositionPiecesOf({ ...collectSnapshot(version, observe), ...(api === undefined ? {} : { api }) }, options, lines);
  return { contentType: options.format === 'influx' ? PLAIN_TEXT : CONTENT_TYPES[options.format], pieces };
}
