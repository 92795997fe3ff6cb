// Drains: what there is of them, what one would do, begin one, wait for its end, cancel it.
import * as z from 'zod';
import { isUnfinished } from '../../model/drain/drain.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { drainJson } from '../../report/drain/drain-value.js';
import { cancelDrain, drainPlan, moveDeadline, startDrain } from '../changes/change-drains.js';
import { json, type Route, route } from '../route.js';
import type { ApiSources } from '../sources.js';
import { drainShape, startedShape } from '../values/drain-shapes.js';
import { secondsText } from '../values/texts.js';
import { WAIT_MAX_S, waitUntil } from './wait.js';

const TIME_MAX_S = 31 * 24 * 3600;

const seconds = z.number().min(0).max(TIME_MAX_S);
const drainBody = z.strictObject({
  target: z.string().max(200).describe('a server, a service, a server of a service, or director: docs/drain.md'),
  deadline: seconds.optional().describe('seconds; 300 where it is absent'),
  persistence: z.enum(['release', 'honour']).optional(),
  honour: seconds.optional().describe('seconds; only with persistence honour'),
  end: z
    .enum(['keep', 'remove', 'reset'])
    .optional()
    .describe('what is done with connections that are left at the deadline; reset: both their ends get a reset of TCP'),
  settle: seconds.optional().describe('it is empty when no connection was open for so many seconds'),
  idle: seconds.optional().describe('without a packet for so many seconds a connection of UDP does not hold it up'),
  allow_empty: z.boolean().optional().describe('also where a service is left without a server'),
  min_capacity: z.number().min(0).max(1).optional().describe("the least part of a service's weights that must be left"),
});

const idPath = z.strictObject({ id: z.string().max(64) });

type DrainFound = ReturnType<ApiSources['drainRecord']>['drains'][number];

const drainValue = (sources: ApiSources, drain: DrainFound): z.infer<typeof drainShape> =>
  drainJson(drain, sources.monotonicUs(), sources.drainDriver()) as z.infer<typeof drainShape>;

/** @throws WeirError drain-missing */
function drainOf(sources: ApiSources, id: string): DrainFound {
  const found = sources.drainRecord().drains.find((drain) => drain.id === id);
  if (found === undefined) throw new WeirError('drain-missing', { id });
  return found;
}

/** @throws WeirError api-values */
function askedOf(body: z.infer<typeof drainBody>): Parameters<typeof startDrain>[1] {
  const { target, deadline, persistence, honour, end, settle, idle, allow_empty: allowEmpty, min_capacity: minCapacity } = body;
  if (honour !== undefined && persistence !== 'honour')
    throw new WeirError('api-values', { errors: [{ pointer: '/honour', message: 'only with persistence honour' }] });
  return { target, deadlineS: deadline, persistence, honourS: honour, end, settleS: settle, idleS: idle, allowEmpty, minCapacity };
}

export const drainRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/drains',
    summary: 'all drains, the oldest first: what is left of each, by state',
    scope: 'read',
    answers: { 200: { what: 'the drains', schema: z.strictObject({ drains: z.array(drainShape) }) } },
    answer: (_request, sources) => json({ drains: sources.drainRecord().drains.map((drain) => drainValue(sources, drain)) }),
  }),
  route({
    method: 'POST',
    at: '/v1/drains',
    summary: 'begins a drain: from the answer on no new connection reaches the target; with dry_run the answer is the plan alone',
    scope: 'drain',
    query: z.strictObject({ dry_run: z.enum(['true', 'false']).optional() }),
    body: drainBody,
    answers: {
      200: { what: 'with dry_run: the plan', schema: startedShape },
      202: { what: 'the plan, and the drain, which goes on by itself', schema: startedShape },
    },
    async answer({ body, query, caller }, sources) {
      const asked = askedOf(body);
      if (query.dry_run === 'true') return json({ plan: drainPlan(sources, asked), drain: null, change: null });
      const { plan, drain, change } = await startDrain(sources, asked, caller);
      const value = { plan, drain: drainValue(sources, drain), change };
      return { ...json(value, { location: `/v1/drains/${drain.id}` }), status: 202 };
    },
  }),
  route({
    method: 'GET',
    at: '/v1/drains/{id}',
    summary: 'one drain; with wait the answer comes when it has ended, or after that time',
    scope: 'read',
    stays: true,
    path: idPath,
    query: z.strictObject({ wait: secondsText(WAIT_MAX_S).optional() }),
    answers: { 200: { what: 'the drain', schema: drainShape } },
    async answer({ path: { id }, query: { wait = 0 }, signal }, sources) {
      await waitUntil(() => !isUnfinished(drainOf(sources, id)), { sources, signal, seconds: wait });
      return json(drainValue(sources, drainOf(sources, id)));
    },
  }),
  route({
    method: 'PATCH',
    at: '/v1/drains/{id}',
    summary: 'gives a drain that goes on another deadline, in seconds from now',
    scope: 'drain',
    path: idPath,
    body: z.strictObject({ deadline: seconds }),
    answers: { 200: { what: 'the drain', schema: drainShape } },
    answer: async ({ path: { id }, body: { deadline }, caller }, sources) =>
      json(drainValue(sources, await moveDeadline(sources, id, deadline, caller))),
  }),
  route({
    method: 'DELETE',
    at: '/v1/drains/{id}',
    summary: 'cancels a drain, also after its end: the configured weights are in force again, or come back within slow_start',
    scope: 'drain',
    path: idPath,
    query: z.strictObject({ slow_start: secondsText(TIME_MAX_S).optional() }),
    answers: { 200: { what: 'the drain', schema: drainShape } },
    answer: async ({ path: { id }, query, caller }, sources) =>
      json(drainValue(sources, await cancelDrain(sources, id, query.slow_start ?? 0, caller))),
  }),
];
