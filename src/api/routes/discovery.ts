// What the API has: its resources, its description, its schemas, its problems; whether it works, and whether this director does.
import * as z from 'zod';
import { weirFileSchema } from '../../config/weir/read.js';
import { isOfDirector } from '../../model/drain/drain.js';
import type { ErrorRow } from '../../model/errors/error-row.js';
import { type ErrorCode, errorTable } from '../../model/errors/error-table.js';
import { failureText, WeirError } from '../../model/errors/weir-error.js';
import { notReady } from '../../report/status/readiness.js';
import { version } from '../../report/version.js';
import { problemHint, problemStatus, problemType } from '../http/problem.js';
import { openApiOf } from '../openapi.js';
import { type Answer, json, type Route, route } from '../route.js';
import { generalText } from '../values/general-text.js';

const TEXT = 'text/plain; charset=utf-8';

const row = (code: string): ErrorRow<unknown> | undefined =>
  Object.hasOwn(errorTable, code) ? (errorTable[code as ErrorCode] as ErrorRow<unknown>) : undefined;

function problemValue(code: string): unknown {
  const found = row(code);
  if (found === undefined) throw new WeirError('api-no-resource', { path: problemType(code) });
  return {
    code,
    title: generalText(failureText, code as ErrorCode),
    detail: generalText(problemHint, code as ErrorCode),
    status: problemStatus({ code: code as ErrorCode, errno: found.errno, exitStatus: found.exitStatus }),
    errno: found.errno ?? null,
    exit_status: found.exitStatus,
  };
}

const plain = (status: number, text: string): Answer => ({ status, body: { kind: 'text', text: `${text}\n`, type: TEXT } });

const schemas: Readonly<Record<string, unknown>> = { weir: weirFileSchema };

/** `others`: the routes that are not of discovery. */
export function discoveryRoutes(others: readonly Route[]): readonly Route[] {
  const own: readonly Route[] = [
    route({
      method: 'GET',
      at: '/v1',
      summary: 'the resources of this API, with their methods',
      scope: 'read',
      answers: { 200: { what: 'the resources', schema: z.looseObject({}) } },
      answer: () => {
        const paths = [...new Set(all().map(({ at }) => at))];
        const resources = paths.map((at) => ({ path: at, methods: all().flatMap((one) => (one.at === at ? [one.method] : [])) }));
        return json({ version, description: '/v1/openapi.json', resources });
      },
    }),
    route({
      method: 'GET',
      at: '/v1/openapi.json',
      summary: 'the description of this API',
      scope: 'read',
      answers: { 200: { what: 'a document of OpenAPI 3.1', schema: z.looseObject({}) } },
      answer: () => json(openApiOf(all())),
    }),
    route({
      method: 'GET',
      at: '/v1/schema/{name}',
      summary: 'JSON Schemas: weir.json is that of weir.yaml, by which editors complete it',
      scope: 'read',
      path: z.strictObject({ name: z.string() }),
      answers: { 200: { what: 'the schema', schema: z.looseObject({}), types: ['application/schema+json'] } },
      answer({ path: { name } }) {
        const key = name.replace(/\.json$/, '');
        if (!Object.hasOwn(schemas, key)) throw new WeirError('api-no-resource', { path: `/v1/schema/${name}` });
        return { status: 200, body: { kind: 'text', text: `${JSON.stringify(schemas[key])}\n`, type: 'application/schema+json' } };
      },
    }),
    route({
      method: 'GET',
      at: '/v1/problems/{code}',
      summary: 'what a code of a problem document stands for',
      scope: 'read',
      path: z.strictObject({ code: z.string() }),
      answers: { 200: { what: 'its texts, its status of HTTP, its errno, and the exit status of commands', schema: z.looseObject({}) } },
      answer: ({ path }) => json(problemValue(path.code)),
    }),
    route({
      method: 'GET',
      at: '/livez',
      summary: 'the process answers',
      scope: 'read',
      answers: { 200: { what: 'ok', types: [TEXT] } },
      answer: () => plain(200, 'ok'),
    }),
    route({
      method: 'GET',
      at: '/readyz',
      summary:
        'this director should get traffic: the datapath is loaded, attached to every interface that it can be attached to, and not drained',
      scope: 'read',
      answers: { 200: { what: 'ok', types: [TEXT] }, 503: { what: 'why not, a reason a line', types: [TEXT] } },
      answer(_request, sources) {
        const broken = notReady(sources.status());
        const drain = broken.length > 0 ? undefined : sources.drainRecord().drains.find((one) => isOfDirector(one) && one.holds);
        const reasons = drain === undefined ? broken : [`this director is drained: weir drain cancel ${drain.id}`];
        return reasons.length === 0 ? plain(200, 'ok') : plain(503, reasons.join('\n'));
      },
    }),
  ];
  const all = (): readonly Route[] => [...own, ...others];
  return own;
}
