// The connections that are alive, filtered, a page at a time or line by line; and where a packet would go.
import * as z from 'zod';
import type { ConnectionFilter } from '../../datapath/ebpf/observe/connection-filter.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ServiceKey } from '../../model/service.js';
import { CONNECTION_STATES } from '../../report/connections/connection-states.js';
import type { ConnectionValue } from '../../report/connections/connection-value.js';
import { otherRequests } from '../http/unhurried.js';
import { json, type Route, route } from '../route.js';
import { endpointText, numberText, serverText, serviceText, subnetText } from '../values/texts.js';

const [PAGE, PAGE_MAX, LINES_MAX] = [100, 10_000, 1_000_000] as const;
const NDJSON = 'application/x-ndjson';
/** So many connections are one piece of the stream: between two pieces other requests are answered. */
const LINES_A_PIECE = 200;

const states = z
  .string()
  .max(200)
  .transform((text, context) => {
    const names = text.toUpperCase().split(',');
    const unknown = names.find((name) => !CONNECTION_STATES.has(name));
    if (unknown === undefined) return new Set(names);
    context.addIssue({ code: 'custom', message: `no state ${unknown}: ${[...CONNECTION_STATES].join(', ')}` });
    return z.NEVER;
  })
  .describe('states by the names of listings, with commas');

const queryShape = z.strictObject({
  service: serviceText.optional(),
  server: serverText.optional(),
  client: subnetText.optional(),
  protocol: z.enum(['tcp', 'udp', 'sctp']).optional(),
  state: states.optional(),
  limit: numberText(1, LINES_MAX).optional(),
  after: numberText(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('how many connections that pass the filter are left out: next of the page before'),
});

const connectionShape = z.strictObject({
  protocol: z.string(),
  client: z.string(),
  virtual: z.string(),
  server: z.string().nullable(),
  method: z.string(),
  state: z.string(),
  expires: z.number(),
  idle: z.number(),
  local: z.string().nullable(),
});

const ofService = (key: ServiceKey): Pick<ConnectionFilter, 'mark' | 'service' | 'protocol'> =>
  key.kind === 'fwmark' ? { mark: key.mark } : { service: key, protocol: key.protocol };

function filterOf({ service, server, client, protocol, state }: z.infer<typeof queryShape>): ConnectionFilter {
  return {
    ...(service === undefined ? {} : ofService(service)),
    ...(protocol === undefined ? {} : { protocol }),
    ...(server === undefined ? {} : { server }),
    ...(client === undefined ? {} : { client }),
    ...(state === undefined ? {} : { states: state }),
  };
}

/** At each `undefined` other requests are answered. */
async function* part<T>(all: Iterable<T | undefined>, after: number, limit: number): AsyncGenerator<T> {
  let [skip, left] = [after, limit];
  for (const one of all) {
    if (one === undefined) await otherRequests();
    else if (skip-- <= 0) {
      if (left-- <= 0) return;
      yield one;
    }
  }
}

async function* lines(all: AsyncIterable<ConnectionValue>): AsyncGenerator<string> {
  let piece: string[] = [];
  for await (const one of all) {
    piece.push(`${JSON.stringify(one)}\n`);
    if (piece.length < LINES_A_PIECE) continue;
    yield piece.join('');
    piece = [];
    await otherRequests();
  }
  if (piece.length > 0) yield piece.join('');
}

const explainBody = z.strictObject({
  from: endpointText,
  to: endpointText,
  protocol: z.enum(['tcp', 'udp', 'sctp']).default('tcp'),
  device: z.string().max(15).optional(),
  mark: z.int().min(0).max(0xffff_ffff).default(0),
  begins: z.literal(true).optional(),
  ttl: z.int().min(1).max(255).default(64),
  length: z.int().min(0).max(65_535).optional(),
  call: z.string().max(200).optional(),
  request: z.strictObject({ host: z.string().max(300), path: z.string().max(8192).default('/') }).optional(),
});

export const connectionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/connections',
    summary: 'the connections that are alive, in the order of the table',
    scope: 'read',
    confidential: true,
    stays: true,
    query: queryShape,
    answers: {
      200: {
        what: `a page of ${PAGE} connections, of ${PAGE_MAX} at most by limit; or, with Accept: ${NDJSON}, one a line, ${LINES_MAX} at most`,
        schema: z.strictObject({
          connections: z.array(connectionShape),
          next: z.int().nullable().describe('after of the next page; null: this is the last'),
        }),
        types: ['application/json', NDJSON],
      },
    },
    async answer({ query, header }, sources) {
      const { after = 0 } = query;
      const found = sources.connections(filterOf(query));
      if (header('accept')?.includes(NDJSON) === true)
        return { status: 200, body: { kind: 'stream', pieces: lines(part(found, after, query.limit ?? LINES_MAX)), type: NDJSON } };
      const limit = query.limit ?? PAGE;
      if (limit > PAGE_MAX)
        throw new WeirError('api-values', { errors: [{ pointer: 'query/limit', message: `${PAGE_MAX} at most, but for ${NDJSON}` }] });
      const page: ConnectionValue[] = [];
      for await (const one of part(found, after, limit + 1)) page.push(one);
      return json({ connections: page.slice(0, limit), next: page.length > limit ? after + limit : null });
    },
  }),
  route({
    method: 'POST',
    at: '/v1/explain',
    summary: 'where a packet would go, and why there; it changes nothing',
    scope: 'read',
    confidential: true,
    body: explainBody,
    answers: { 200: { what: 'what weir explain --json prints', schema: z.looseObject({}) } },
    answer({ body }, sources) {
      const { device, begins, length, call, request, ...asked } = body;
      if (body.from.address.family !== body.to.address.family)
        throw new WeirError('api-values', { errors: [{ pointer: '/to', message: "an address of from's family" }] });
      if (call !== undefined && body.protocol !== 'udp')
        throw new WeirError('api-values', { errors: [{ pointer: '/call', message: 'only with protocol udp' }] });
      return json(
        sources.explain({
          ...asked,
          ...(device === undefined ? {} : { device }),
          ...(begins === undefined ? {} : { begins }),
          ...(length === undefined ? {} : { length }),
          ...(call === undefined ? {} : { call }),
          ...(request === undefined ? {} : { request }),
        }),
      );
    },
  }),
];
