// Services and servers as they are in the table, with their health, counters and rates.
import * as z from 'zod';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameDestination } from '../../model/identity.js';
import { serviceWord } from '../../model/service-word.js';
import type { DaemonStatus } from '../../report/status/status.js';
import { etagOf } from '../changes/condition.js';
import { keptPieces, unhurried } from '../http/unhurried.js';
import { json, type Route, route } from '../route.js';
import type { TablePage, TableSnapshot } from '../sources.js';
import { keptServicesText } from '../values/kept-services-text.js';
import { countersValue, healthByName, listShape, serverShape, serviceShape, serviceValue } from '../values/service-value.js';
import { endpointText, numberText, serviceText } from '../values/texts.js';

const LIMIT_MAX = 10_000;

/** Of so many services is a piece: a part of a millisecond of work. */
const PIECE_SERVICES = 20;

function* listPieces({ table, next }: Omit<TablePage, 'base'>, daemons: readonly DaemonStatus[]): Generator<string> {
  const { generation, timeouts, totals, services } = table;
  const health = healthByName(daemons);
  const head: Omit<z.infer<typeof listShape>, 'services' | 'next'> = {
    generation,
    timeouts: { tcp: timeouts.tcp, tcp_fin: timeouts.tcpFin, udp: timeouts.udp },
    totals: countersValue(totals),
  };
  let text = `${JSON.stringify(head).slice(0, -1)},"services":[`;
  for (let at = 0; at < services.length; at += PIECE_SERVICES) {
    const part = keptServicesText(services.slice(at, at + PIECE_SERVICES), health);
    yield `${text}${at === 0 ? '' : ','}${part}`;
    text = '';
  }
  yield `${text}],"next":${JSON.stringify(next === undefined ? null : serviceWord(next))}}\n`;
}

const wholeLists = new WeakMap<TableSnapshot, { readonly daemons: readonly DaemonStatus[]; readonly pieces: Iterable<string> }>();

/** Made once for all who ask for a table that was read once. */
function wholeList(table: TableSnapshot, daemons: readonly DaemonStatus[]): Iterable<string> {
  const made = wholeLists.get(table);
  if (made?.daemons === daemons) return made.pieces;
  const pieces = keptPieces(listPieces({ table, next: undefined }, daemons));
  wholeLists.set(table, { daemons, pieces });
  return pieces;
}

export const serviceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/services',
    summary: 'all services with their servers, the newest first',
    scope: 'read',
    query: z.strictObject({
      limit: numberText(1, LIMIT_MAX).optional().describe('so many of them; absent: all'),
      after: serviceText.optional().describe('behind this service: next of the page before'),
    }),
    answers: { 200: { what: 'the table of one moment; ETag: that of the configuration', schema: listShape } },
    answer({ query: { limit, after } }, sources) {
      const isWhole = limit === undefined && after === undefined;
      const asked = isWhole ? {} : { after, limit: limit ?? LIMIT_MAX };
      const [page, daemons] = [sources.page(asked), sources.daemons()];
      const pieces = isWhole ? wholeList(page.table, daemons) : listPieces(page, daemons);
      return {
        status: 200,
        body: { kind: 'stream', pieces: unhurried(pieces), type: 'application/json' },
        headers: { etag: etagOf(page.base) },
      };
    },
  }),
  route({
    method: 'GET',
    at: '/v1/services/{service}',
    summary: 'one service with its servers',
    scope: 'read',
    path: z.strictObject({ service: serviceText }),
    answers: { 200: { what: 'the service', schema: serviceShape } },
    answer: ({ path }, sources) => json(serviceValue(sources.service(path.service), healthByName(sources.daemons()))),
  }),
  route({
    method: 'GET',
    at: '/v1/services/{service}/servers/{server}',
    summary: 'one server of a service',
    scope: 'read',
    path: z.strictObject({ service: serviceText, server: endpointText }),
    answers: { 200: { what: 'the server', schema: serverShape } },
    answer({ path }, sources) {
      const entry = sources.service(path.service);
      const index = entry.destinations.findIndex(({ spec }) => sameDestination(spec, path.server));
      if (index < 0) throw new WeirError('destination-missing');
      return json(serviceValue(entry, healthByName(sources.daemons())).servers[index]);
    },
  }),
];
