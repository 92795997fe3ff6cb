// Changes of the table, of all of it or of one service or server: each is a document that is planned, and applied for the state in If-Match.

import * as z from 'zod';
import { tableTree } from '../../config/weir/write-table.js';
import { documentDrift } from '../../control/plan/document-drift.js';
import { changedService, withoutServer, withoutService, withServer, withService } from '../../control/plan/edit-document.js';
import { presentDocument } from '../../control/plan/present-document.js';
import { EXPORT_FORMATS, type Exported, exportedTable, vipsThere } from '../../document/export-formats.js';
import type { PresentState } from '../../document/kept-state.js';
import { endpointText as endpointWord } from '../../model/endpoint-text.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { sameDestination } from '../../model/identity.js';
import { field, isRecord, type Json, listOf } from '../../model/json.js';
import { mergePatch } from '../../model/merge-patch.js';
import type { DestinationSpec, ServiceKey } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';
import type { WantedVip } from '../../model/vip.js';
import { changeTable } from '../changes/change-table.js';
import { checkCondition, etagOf, isAnyState } from '../changes/condition.js';
import type { AppliedPlan } from '../changes/plan-book.js';
import { pause, plannedEdit, type Wanted } from '../changes/planned-edit.js';
import { readTableDocument } from '../changes/read-document.js';
import { type Answer, json, type Route, type RouteRequest, route } from '../route.js';
import type { ApiSources } from '../sources.js';
import { appliedAnswer, appliedShape } from '../values/applied.js';
import { endpointText, serviceText } from '../values/texts.js';

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
/** What servers may share in their service. */
const FORWARDING = ['method', 'tunnel', 'local_addresses', 'client_address'] as const;

/** As weir export. `vips`: those that weir has added. @throws WeirError api-no-resource */
function exported(state: PresentState, format: string, all = false, vips: readonly WantedVip[] = []): Exported {
  const write = EXPORT_FORMATS[format];
  if (write === undefined) throw new WeirError('api-no-resource', { path: `/v1/exports/${format}` });
  const { table, leftOut } = exportedTable(state, all);
  const { text, losses } = write({ ...table, vips });
  return { text, losses: [...leftOut, ...losses] };
}

const texts = new WeakMap<PresentState, string>();

/** As `json` writes it: made once for each state. */
function documentText(state: PresentState): string {
  const text = texts.get(state) ?? `${JSON.stringify(tableTree(presentDocument(state)))}\n`;
  texts.set(state, text);
  return text;
}

const YAML = ['application/yaml', 'text/yaml'];

const queryShape = z.strictObject({ dry_run: z.enum(['true', 'false']).optional().describe('true: the plan alone, nothing is changed') });
const answers = { 200: { what: 'what was changed; ETag: of the state after it', schema: appliedShape } } as const;
const documentShape = z.union([z.looseObject({}), z.string()]).describe('services and timeouts, as in a weir.yaml');
const servicePath = z.strictObject({ service: serviceText });
const serverPath = z.strictObject({ service: serviceText, server: endpointText });

type Changing = RouteRequest<unknown, z.infer<typeof queryShape>, unknown>;

/** With `If-Match: *` a change that another one comes before is planned again, so often. */
const ATTEMPTS_MAX = 20;

/** @throws WeirError api-condition-missing, api-stale, and as changeTable and `wanted` */
async function changed({ header, caller }: Changing, sources: ApiSources, wanted: Wanted): Promise<AppliedPlan> {
  const condition = header('if-match');
  for (let attempt = 1; ; attempt += 1) {
    const { document, plan } = await plannedEdit(sources, wanted);
    checkCondition(condition, plan);
    try {
      return await changeTable(sources, { document, options: {}, plan, caller, of: null });
    } catch (error) {
      if (!isWeirError(error, 'plan-outdated') || !isAnyState(condition) || attempt === ATTEMPTS_MAX) throw error;
      await pause();
    }
  }
}

/** @throws as changed */
async function change(request: Changing, sources: ApiSources, wanted: Wanted): Promise<Answer> {
  const { header, query } = request;
  if (query.dry_run === 'true') {
    const { plan } = await plannedEdit(sources, wanted);
    return appliedAnswer({ plan, etag: etagOf(plan.base), change: null, warnings: [] });
  }
  const applied = await changed(request, sources, wanted);
  // A preference: what must be known is answered all the same.
  if (header('prefer') !== 'return=minimal' || applied.etag === null || applied.warnings.length > 0) return appliedAnswer(applied);
  return { status: 204, body: { kind: 'none' }, headers: { etag: applied.etag } };
}

/** `sent`: where in `body` what the client has sent is. @throws WeirError api-values */
function readService(key: ServiceKey, body: unknown, sent = ''): DocumentService {
  const name = serviceWord(key);
  const [service] = readTableDocument({ services: { [name]: body } }, `/services/${name}${sent}`).services ?? [];
  if (service === undefined) throw new WeirError('service-missing');
  return service;
}

/** @throws WeirError as changedService */
function present(state: PresentState, key: ServiceKey): { readonly document: TableDocument; readonly service: DocumentService } {
  const document = presentDocument(state);
  return { document, service: changedService(document, state, key) };
}

/** A service of the table as a weir.yaml has it. */
const treeOf = (service: DocumentService): Json => field(tableTree({ services: [service] }), 'services', serviceWord(service.spec.key));

/** A service of one server as values, with all of the server in it. @throws WeirError api-values */
function patchedServer(service: DocumentService, server: DestinationSpec, patch: Json): DestinationSpec {
  const tree = treeOf({ ...service, destinations: [server] });
  const [first] = listOf(field(tree, 'servers'));
  const shared = Object.fromEntries(FORWARDING.flatMap((name) => (field(tree, name) === undefined ? [] : [[name, field(tree, name)]])));
  const own = isRecord(first) ? first : {};
  const merged = mergePatch({ ...shared, ...own }, patch);
  const body = { servers: [isRecord(merged) ? { ...merged, address: endpointWord(server) } : merged] };
  const [spec] = readService(service.spec.key, body, '/servers/0').destinations;
  if (spec === undefined) throw new WeirError('destination-missing');
  return spec;
}

const patchShape = z.looseObject({}).describe('JSON Merge Patch (RFC 7396)');

export const configurationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/configuration',
    summary: 'the table as a document: what weir export prints',
    scope: 'read',
    query: z.strictObject({ format: z.enum(['weir', 'ipvsadm', 'keepalived']).optional().describe('as a text of that format') }),
    answers: {
      200: { what: 'services and timeouts as in a weir.yaml; ETag', schema: z.looseObject({}), types: ['application/json', TEXT] },
    },
    answer({ query }, sources) {
      const state = sources.state();
      const headers = { etag: etagOf(state.base) };
      if (query.format === undefined) return { status: 200, body: { kind: 'text', text: documentText(state), type: JSON_TYPE }, headers };
      return { status: 200, body: { kind: 'text', text: exported(state, query.format).text, type: TEXT }, headers };
    },
  }),
  route({
    method: 'PATCH',
    at: '/v1/configuration',
    summary: 'changes parts of the document; null takes a member away, a list is replaced',
    scope: 'write',
    query: queryShape,
    body: patchShape,
    answers,
    answer: (request, sources) =>
      change(request, sources, (state) => readTableDocument(mergePatch(tableTree(presentDocument(state)), request.body))),
  }),
  route({
    method: 'PATCH',
    at: '/v1/services/{service}',
    summary: 'changes parts of a service; the list of its servers is replaced as a whole',
    scope: 'write',
    path: servicePath,
    query: queryShape,
    body: patchShape,
    answers,
    answer: (request, sources) =>
      change(request, sources, (state) => {
        const { document, service } = present(state, request.path.service);
        return withService(document, readService(request.path.service, mergePatch(treeOf(service), request.body)));
      }),
  }),
  route({
    method: 'PATCH',
    at: '/v1/services/{service}/servers/{server}',
    summary: 'changes parts of a server, such as its weight',
    scope: 'write',
    path: serverPath,
    query: queryShape,
    body: patchShape,
    answers,
    answer: (request, sources) =>
      change(request, sources, (state) => {
        const { document, service } = present(state, request.path.service);
        const server = service.destinations.find((one) => sameDestination(one, request.path.server));
        if (server === undefined) throw new WeirError('destination-missing');
        return withServer(document, request.path.service, patchedServer(service, server, request.body));
      }),
  }),
  route({
    method: 'GET',
    at: '/v1/exports/{format}',
    summary: 'the table, and the VIPs that weir has added, as a text of a format, and what of it is not in the text',
    scope: 'read',
    path: z.strictObject({ format: z.enum(['weir', 'ipvsadm', 'keepalived']) }),
    query: z.strictObject({ all: z.enum(['true', 'false']).optional().describe('true: with the services that daemons keep') }),
    answers: {
      200: {
        what: 'the text and its losses',
        schema: z.strictObject({ format: z.string(), text: z.string(), losses: z.array(z.string()) }),
      },
    },
    answer: ({ path: { format }, query: { all } }, sources) =>
      json({ format, ...exported(sources.state(), format, all === 'true', vipsThere(sources.vips())) }),
  }),
  route({
    method: 'POST',
    at: '/v1/drift',
    summary: 'what is in the table otherwise than a document states: what weir diff prints',
    scope: 'read',
    confidential: true,
    body: z.strictObject({ document: z.looseObject({}) }),
    answers: { 200: { what: 'the differences, from the document to the table', schema: z.looseObject({}) } },
    answer({ body }, sources) {
      const found = documentDrift(readTableDocument(body.document), sources.facts());
      return json({ same: found.drift.length + found.settings.length === 0, ...found });
    },
  }),
  route({
    method: 'PUT',
    at: '/v1/configuration',
    summary: 'makes the table what a document states, all of it or nothing',
    scope: 'write',
    query: queryShape,
    body: documentShape,
    textBody: YAML,
    answers,
    answer: (request, sources) => change(request, sources, readTableDocument(request.body)),
  }),
  route({
    method: 'PUT',
    at: '/v1/services/{service}',
    summary: 'adds a service, or makes it what the body states, with its servers',
    scope: 'write',
    path: servicePath,
    query: queryShape,
    body: z.looseObject({}).describe('as a service of a weir.yaml'),
    answers,
    answer(request, sources) {
      const service = readService(request.path.service, request.body);
      return change(request, sources, (state) => withService(presentDocument(state), service));
    },
  }),
  route({
    method: 'DELETE',
    at: '/v1/services/{service}',
    summary: 'removes a service with its servers',
    scope: 'write',
    path: servicePath,
    query: queryShape,
    answers,
    answer: (request, sources) =>
      change(request, sources, (state) => withoutService(present(state, request.path.service).document, request.path.service)),
  }),
  route({
    method: 'PUT',
    at: '/v1/services/{service}/servers/{server}',
    summary: 'adds a server to a service, or makes it what the body states',
    scope: 'write',
    path: serverPath,
    query: queryShape,
    body: z.looseObject({}).describe('as a server of a weir.yaml, without its address'),
    answers,
    answer(request, sources) {
      const { service: key, server } = request.path;
      const body = { servers: [{ ...request.body, address: endpointWord(server) }] };
      const [spec] = readService(key, body, '/servers/0').destinations;
      if (spec === undefined) throw new WeirError('destination-missing');
      return change(request, sources, (state) => withServer(present(state, key).document, key, spec));
    },
  }),
  route({
    method: 'DELETE',
    at: '/v1/services/{service}/servers/{server}',
    summary: 'removes a server of a service',
    scope: 'write',
    path: serverPath,
    query: queryShape,
    answers,
    answer(request, sources) {
      const { service: key, server } = request.path;
      return change(request, sources, (state) => {
        const { document, service } = present(state, key);
        if (!service.destinations.some((one) => sameDestination(one, server))) throw new WeirError('destination-missing');
        return withoutServer(document, key, server);
      });
    },
  }),
];
