// Overrides: what operators state of servers above their configuration.
import * as z from 'zod';
import { ADMIN_STATES, type Override } from '../../model/drain/override.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { overrideOf, overridesEtag, removeOverride, setOverride } from '../changes/change-overrides.js';
import { json, type Route, route } from '../route.js';
import type { ApiSources } from '../sources.js';
import { momentText } from '../values/moment-text.js';

const [TIME_MAX_S, WEIGHT_MAX, US_PER_MS] = [31 * 24 * 3600, 65_535, 1000] as const;

const overrideShape = z.strictObject({
  target: z.string(),
  state: z.enum(ADMIN_STATES),
  weight: z.int().nullable().describe('in the place of the configured one; null: of drain and maintenance'),
  reason: z.string(),
  owner: z.string().describe('who stated it, as in the journal'),
  since: z.string(),
  until: z.string().nullable().describe('null: until it is removed'),
});

const overrideBody = z.strictObject({
  state: z
    .enum(ADMIN_STATES)
    .describe('drain: no new connections but of persistent clients; maintenance: none at all; ready: with the weight that is given'),
  weight: z
    .int()
    .min(0)
    .max(WEIGHT_MAX)
    .optional()
    .describe('of ready: packets find it in the place of the configured weight, but where that is 0'),
  reason: z
    .string()
    .min(1)
    .max(200)
    .regex(/^\P{Cc}*$/u, 'has a control character')
    .describe('for whoever finds it, on one line'),
  for: z.number().min(1).max(TIME_MAX_S).optional().describe('seconds from now; absent: until it is removed'),
  allow_empty: z.boolean().optional().describe('also where a service is left without a server'),
});

const targetPath = z.strictObject({
  target: z.string().max(200).describe('a server, with a port or without, or a server of one service: tcp:192.0.2.1:80%2F10.0.0.2:80'),
});

function overrideValue(
  { untilUs, version: _version, adopted: _adopted, ...rest }: Override,
  sources: ApiSources,
): z.infer<typeof overrideShape> {
  return { ...rest, until: untilUs === null ? null : momentText(sources.now() + (untilUs - sources.monotonicUs()) / US_PER_MS) };
}

/** @throws WeirError api-values */
function weightOf({ state, weight }: z.infer<typeof overrideBody>): number | null {
  if ((state === 'ready') === (weight !== undefined)) return weight ?? null;
  const message = state === 'ready' ? 'ready needs one' : `not with ${state}`;
  throw new WeirError('api-values', { errors: [{ pointer: '/weight', message }] });
}

export const overrideRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/overrides',
    summary: 'all overrides, the oldest first',
    scope: 'read',
    answers: { 200: { what: 'the overrides; ETag: of all of them', schema: z.strictObject({ overrides: z.array(overrideShape) }) } },
    answer(_request, sources) {
      const record = sources.drainRecord();
      return json({ overrides: (record.overrides ?? []).map((one) => overrideValue(one, sources)) }, { etag: overridesEtag(record) });
    },
  }),
  route({
    method: 'GET',
    at: '/v1/overrides/{target}',
    summary: 'the override of a server',
    scope: 'read',
    path: targetPath,
    answers: { 200: { what: 'the override; ETag: of all of them', schema: overrideShape } },
    answer({ path: { target } }, sources) {
      const record = sources.drainRecord();
      return json(overrideValue(overrideOf(record, target), sources), { etag: overridesEtag(record) });
    },
  }),
  route({
    method: 'PUT',
    at: '/v1/overrides/{target}',
    summary: 'states the admin state or the weight of a server, above what is configured; If-Match: the ETag of the overrides',
    scope: 'write',
    path: targetPath,
    body: overrideBody,
    answers: { 200: { what: 'the override; from then on packets find it', schema: overrideShape } },
    async answer({ path: { target }, body, header, caller }, sources) {
      const asked = {
        target,
        state: body.state,
        weight: weightOf(body),
        reason: body.reason,
        forS: body.for ?? null,
        allowEmpty: body.allow_empty === true,
      };
      const { override, etag } = await setOverride(sources, asked, { match: header('if-match'), caller });
      return json(overrideValue(override, sources), { etag });
    },
  }),
  route({
    method: 'DELETE',
    at: '/v1/overrides/{target}',
    summary: 'takes an override away: the configured weight is in force; If-Match: the ETag of the overrides',
    scope: 'write',
    path: targetPath,
    answers: { 204: { what: 'it is taken away' } },
    async answer({ path: { target }, header, caller }, sources) {
      const etag = await removeOverride(sources, target, { match: header('if-match'), caller });
      return { status: 204, body: { kind: 'none' }, headers: { etag } };
    },
  }),
];
