// GET /metrics: what weir metrics prints, for Prometheus.
import * as z from 'zod';
import { unhurried } from '../http/unhurried.js';
import { type Route, route } from '../route.js';

const TYPES = ['text/plain; version=0.0.4; charset=utf-8', 'application/openmetrics-text; version=1.0.0; charset=utf-8'];

const list = (what: string) => z.string().max(4096).optional().describe(what);

export const metricsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/metrics',
    summary: 'counters and states for Prometheus, read when they are asked for: what weir metrics prints (docs/metrics.md)',
    scope: 'read',
    repeats: true,
    query: z.strictObject({
      family: list('sets of names, with commas or repeated: node, keepalived, weir; or keepalived-gen2brain'),
      scope: list('director, service, server'),
      service: list('of one service only'),
      max_series: list('a scope with more series is left out, and weir_scrape_truncated names it'),
      backend_labels: list('of node_ipvs_backend_*: values of equal label sets are added'),
      format: list('prometheus, openmetrics, influx; where it is absent, what Accept prefers'),
    }),
    answers: { 200: { what: 'the exposition', types: TYPES } },
    answer({ query, header }, sources) {
      const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]));
      const { pieces, contentType } = sources.metrics(new URLSearchParams(given), header('accept') ?? '');
      return { status: 200, body: { kind: 'stream', pieces: unhurried(pieces), type: contentType } };
    },
  }),
];
