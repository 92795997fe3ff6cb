// Services and servers as they are in the table, with their health, counters and rates.
import * as z from 'zod';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameDestination } from '../../model/identity.js';
import { currentEtag } from '../changes/change-table.js';
import { json, type Route, route } from '../route.js';
import { countersShape, countersValue, healthByName, serverShape, serviceShape, serviceValue } from '../values/service-value.js';
import { endpointText, serviceText } from '../values/texts.js';

const listShape = z.strictObject({
  generation: z.int().describe('rises with each change of the table'),
  timeouts: z.strictObject({ tcp: z.int(), tcp_fin: z.int(), udp: z.int() }),
  totals: countersShape,
  services: z.array(serviceShape),
});

export const serviceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/services',
    summary: 'all services with their servers, the newest first',
    scope: 'read',
    answers: { 200: { what: 'the table of one moment; ETag: that of the configuration', schema: listShape } },
    answer(_request, sources) {
      const table = sources.table();
      const health = healthByName(sources.daemons());
      const { tcp, tcpFin, udp } = table.timeouts;
      const value: z.infer<typeof listShape> = {
        generation: table.generation,
        timeouts: { tcp, tcp_fin: tcpFin, udp },
        totals: countersValue(table.totals),
        services: table.services.map((one) => serviceValue(one, health)),
      };
      return json(value, { etag: currentEtag(sources) });
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
