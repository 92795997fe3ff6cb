// Plans: what a document would change and what becomes of connections; and the journal of what was applied.
import * as z from 'zod';
import { CHANGE_KINDS, type DocumentOptions } from '../../control/plan/document-plan.js';
import { presentDocument } from '../../control/plan/present-document.js';
import { undone } from '../../control/plan/undo-document.js';
import { changeTable, planOf } from '../changes/change-table.js';
import { currentEtag, etagOf } from '../changes/condition.js';
import type { JournalEntry } from '../changes/journal.js';
import type { StoredPlan } from '../changes/plan-book.js';
import { plannedEdit } from '../changes/planned-edit.js';
import { readTableDocument } from '../changes/read-document.js';
import { unhurried } from '../http/unhurried.js';
import { type Answer, json, type Route, route } from '../route.js';
import { appliedAnswer, appliedShape } from '../values/applied.js';
import { entryShape } from '../values/entry-shape.js';
import { jsonPieces } from '../values/json-pieces.js';
import { momentText } from '../values/moment-text.js';
import { secondsText } from '../values/texts.js';
import { WAIT_MAX_S, waitUntil } from './wait.js';

const planShape = z.looseObject({
  id: z.string(),
  author: z.string(),
  made: z.string(),
  expires: z.string(),
  etag: z.string().describe('of the table that it was made for'),
  state: z.enum(['ready', 'outdated', 'applied']),
  plan: z.looseObject({}).describe('as weir plan --json prints it'),
});
/** Of plans and of documents. */
const optionsShape = z.strictObject({
  keep_others: z.boolean().optional().describe('services that the document does not have stay'),
  ignore: z.array(z.enum(['weights'])).optional(),
  allow: z.array(z.enum(CHANGE_KINDS)).optional().describe('only changes of these kinds'),
});

const optionsOf = ({ keep_others, ignore, allow }: z.infer<typeof optionsShape>): DocumentOptions => ({
  ...(keep_others === undefined ? {} : { keepOthers: keep_others }),
  ...(ignore === undefined ? {} : { ignoreWeights: ignore.includes('weights') }),
  ...(allow === undefined ? {} : { allow: new Set(allow) }),
});

const planValue = ({ id, author, madeAt, expiresAt, plan, applied }: StoredPlan, current: string): z.infer<typeof planShape> => {
  const { steps: _steps, ...shown } = plan;
  const state = applied !== undefined ? 'applied' : etagOf(plan.base) === current ? 'ready' : 'outdated';
  return { id, author, made: momentText(madeAt), expires: momentText(expiresAt), etag: etagOf(plan.base), state, plan: shown };
};

/** The plan of a large document has millions of characters. */
const planAnswer = (value: unknown): Answer => ({
  status: 200,
  body: { kind: 'stream', pieces: unhurried(linePieces(value)), type: 'application/json' },
});

function* linePieces(value: unknown): Generator<string> {
  yield* jsonPieces(value);
  yield '\n';
}

const entryValue = ({ undo: _undo, ...shown }: JournalEntry): z.infer<typeof entryShape> => ({ ...shown });

/** Of the newest first; one that is not kept any more: all. */
function newerThan(entries: readonly JournalEntry[], id: string | undefined): readonly JournalEntry[] {
  const at = entries.findIndex((entry) => entry.id === id);
  return at < 0 ? entries : entries.slice(0, at);
}

const idPath = z.strictObject({ id: z.string().max(64) });

const made = (stored: StoredPlan, current: string): Answer => ({
  ...planAnswer(planValue(stored, current)),
  status: 201,
  headers: { location: `/v1/plans/${stored.id}` },
});

export const planRoutes: readonly Route[] = [
  route({
    method: 'POST',
    at: '/v1/plans',
    summary: 'plans what a document would change; it changes nothing',
    scope: 'write',
    body: optionsShape.extend({ document: z.looseObject({}).describe('services and timeouts, as in a weir.yaml') }),
    answers: { 201: { what: 'the plan', schema: planShape } },
    answer({ body, caller }, sources) {
      const { document: given, ...asked } = body;
      const [document, options] = [readTableDocument(given), optionsOf(asked)];
      const plan = planOf(sources, document, options);
      return made(sources.plans.add({ author: caller.name, document, options, plan }), etagOf(plan.base));
    },
  }),
  route({
    method: 'GET',
    at: '/v1/plans',
    summary: 'the plans that have not expired',
    scope: 'read',
    answers: { 200: { what: 'the plans', schema: z.strictObject({ plans: z.array(planShape) }) } },
    answer(_request, sources) {
      const current = currentEtag(sources);
      return planAnswer({ plans: sources.plans.all().map((stored) => planValue(stored, current)) });
    },
  }),
  route({
    method: 'GET',
    at: '/v1/plans/{id}',
    summary: 'one plan; with wait the answer comes when it is not ready any more, or after that time',
    scope: 'read',
    stays: true,
    path: idPath,
    query: z.strictObject({ wait: secondsText(WAIT_MAX_S).optional() }),
    answers: { 200: { what: 'the plan', schema: planShape } },
    async answer({ path: { id }, query: { wait = 0 }, signal }, sources) {
      const shown = () => planValue(sources.plans.get(id), currentEtag(sources));
      await waitUntil(() => shown().state !== 'ready', { sources, signal, seconds: wait });
      return planAnswer(shown());
    },
  }),
  route({
    method: 'POST',
    at: '/v1/plans/{id}/apply',
    summary: 'applies a plan for the table that it was made for: all of it or nothing; a second time the answer is the first one',
    scope: 'write',
    path: idPath,
    answers: { 200: { what: 'what was changed', schema: appliedShape } },
    async answer({ path, caller }, sources) {
      const applied = await sources.plans.applyOnce(path.id, ({ document, options, plan }) =>
        changeTable(sources, { document, options, plan, caller, of: path.id }),
      );
      return appliedAnswer(applied);
    },
  }),
  route({
    method: 'GET',
    at: '/v1/changes',
    summary: 'the journal of changes made by the API, the newest first',
    scope: 'read',
    confidential: true,
    stays: true,
    query: z.strictObject({
      after: z.string().max(64).optional().describe('only what came behind this entry'),
      wait: secondsText(WAIT_MAX_S).optional().describe('the answer comes when there is one, or after that time'),
    }),
    answers: { 200: { what: 'the entries', schema: z.strictObject({ changes: z.array(entryShape) }) } },
    async answer({ query: { after, wait = 0 }, signal }, sources) {
      const begin = after ?? (wait > 0 ? sources.journal.all()[0]?.id : undefined);
      const found = () => newerThan(sources.journal.all(), begin);
      await waitUntil(() => found().some(({ after: state, unread }) => state !== null || unread !== undefined), {
        sources,
        signal,
        seconds: wait,
      });
      return json({ changes: found().map(entryValue) });
    },
  }),
  route({
    method: 'POST',
    at: '/v1/changes/{id}/revert',
    summary: 'plans what takes a change back: the services that it touched, as they were before',
    scope: 'write',
    path: idPath,
    answers: { 201: { what: 'the plan', schema: planShape } },
    async answer({ path, caller }, sources) {
      const undo = sources.journal.undoOf(path.id);
      const { document, plan } = await plannedEdit(sources, (state) => undone(presentDocument(state), undo));
      return made(sources.plans.add({ author: caller.name, document, options: {}, plan }), etagOf(plan.base));
    },
  }),
];
