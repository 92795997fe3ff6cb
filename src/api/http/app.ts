// The routes as a function from a request to its answer: who may, what is read, how errors are sent. It knows no socket.
import { type Context, Hono } from 'hono';
import { messageOf } from '../../model/errors/message-of.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { readStrictJson } from '../../model/strict-json.js';
import { type Caller, includesScope } from '../access/caller.js';
import type { Answer, AnswerBody, Method, Route } from '../route.js';
import type { ApiSources } from '../sources.js';
import { MISTAKE, problemOf } from './problem.js';
import { readValues } from './read-values.js';
import { StreamShares, untilSent } from './stream-shares.js';
import { Turns } from './turns.js';

export const BODY_MAX = 1024 * 1024;
const JSON_TYPES = ['application/json', 'application/merge-patch+json'];

export interface AppOptions {
  readonly routes: readonly Route[];
  readonly sources: ApiSources;
  /** Of the request's connection. @throws WeirError where it may not ask at all */
  readonly callerOf: (request: Request, env: unknown) => Caller;
  /** A mistake of weir's own. */
  readonly onMistake: (error: unknown) => void;
  /** Of all apps of a process; absent: one of its own. */
  readonly turns?: Turns;
  /** So many streams a caller may have open, and all callers together. */
  readonly streamsMax?: { readonly each: number; readonly all: number };
}

const mediaType = (request: Request): string => (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** A client that goes away within its body is no mistake of weir's. @throws WeirError api-body-cut */
async function* receivedPieces({ body }: Request): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch (error) {
    throw new WeirError('api-body-cut', { why: messageOf(error) }, { cause: error });
  }
}

/** @throws WeirError api-too-large, api-body-cut, api-json */
async function readText(request: Request): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (Number(request.headers.get('content-length') ?? 0) > BODY_MAX) throw new WeirError('api-too-large', { max: BODY_MAX });
  for await (const piece of receivedPieces(request)) {
    size += piece.byteLength;
    if (size > BODY_MAX) throw new WeirError('api-too-large', { max: BODY_MAX });
    pieces.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch (error) {
    throw new WeirError('api-json', { why: 'it is not UTF-8' }, { cause: error });
  }
}

/** @throws WeirError api-media-type, api-too-large, api-body-cut, api-json, api-values */
async function readBody({ body, textBody = [] }: Route, request: Request): Promise<unknown> {
  if (body === undefined) return undefined;
  const type = mediaType(request);
  const taken = [...JSON_TYPES, ...textBody];
  if (!taken.includes(type)) throw new WeirError('api-media-type', { given: type, taken: taken.join(' or ') });
  const text = await readText(request);
  return readValues('', body, textBody.includes(type) ? text : readStrictJson(text));
}

const bodyOf = (body: AnswerBody): { readonly content: string | ReadableStream<Uint8Array> | null; readonly type?: string } => {
  switch (body.kind) {
    case 'none':
      return { content: null };
    case 'json':
      return { content: `${JSON.stringify(body.value)}\n`, type: 'application/json' };
    case 'text':
      return { content: body.text, type: body.type };
    case 'stream':
      return { content: readable(body.pieces), type: body.type };
  }
};

/** The next piece is made when the client has taken the one before. */
function readable(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const all = pieces[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await all.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await all.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What HEAD is answered: no client reads the pieces of a stream, so none are made, and none stays open. */
const withoutPieces = (answer: Answer): Answer =>
  answer.body.kind === 'stream' ? { ...answer, body: { kind: 'text', text: '', type: answer.body.type } } : answer;

const SAFE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

function response({ status, body, headers }: Answer): Response {
  const { content, type } = bodyOf(body);
  return new Response(content, {
    status,
    headers: { ...SAFE_HEADERS, ...(type === undefined ? {} : { 'content-type': type }), ...headers },
  });
}

function problemResponse(error: unknown, instance: string): Response {
  const problem = problemOf(error, instance);
  return response({
    status: problem.status,
    body: { kind: 'text', text: `${JSON.stringify(problem)}\n`, type: 'application/problem+json' },
    headers: {
      ...(problem.allow === undefined ? {} : { allow: problem.allow.join(', ') }),
      ...(problem.etag === undefined ? {} : { etag: problem.etag }),
      ...(problem.retry_after === undefined ? {} : { 'retry-after': String(problem.retry_after) }),
      ...(problem.status === 401 ? { 'www-authenticate': 'Bearer realm="weir"' } : {}),
    },
  });
}

/** A mistake of weir's own is logged. */
export function errorResponse({ onMistake }: Pick<AppOptions, 'onMistake'>, error: unknown, instance: string): Response {
  const answer = problemResponse(error, instance);
  if (answer.status === MISTAKE) onMistake(error);
  return answer;
}

/** A name that is there twice has no value that both readers would take, but where that makes a list. @throws WeirError api-values */
function queryOf(url: URL, repeats: boolean): Readonly<Record<string, string>> {
  const names = [...url.searchParams.keys()];
  if (repeats) return Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name).join(',')]));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new WeirError('api-values', { errors: [{ pointer: `?${twice}`, message: 'it is given twice' }] });
  return Object.fromEntries(url.searchParams);
}

/** @throws WeirError api-scope */
function checkScope({ scope, confidential }: Route, caller: Caller): void {
  if (!includesScope(caller.scope, scope)) throw new WeirError('api-scope', { needed: scope, given: caller.scope });
  if (confidential === true && !caller.confidential)
    throw new WeirError('api-scope', { needed: 'to see the addresses of clients', given: caller.scope });
}

class App {
  readonly #shares: StreamShares;
  readonly #turns: Turns;

  constructor(readonly options: AppOptions) {
    this.#shares = new StreamShares(options.streamsMax);
    this.#turns = options.turns ?? new Turns();
  }

  async answer(one: Route, context: Context): Promise<Response> {
    const { requests } = this.options.sources;
    const begunMs = performance.now();
    const ended = (): void => {
      if (one.stays !== true) requests.took(one, (performance.now() - begunMs) / 1000);
    };
    try {
      const answer = await this.#answer(one, context, ended);
      requests.answered(one, answer.status);
      return answer;
    } catch (error) {
      requests.answered(one, problemOf(error, '').status);
      throw error;
    }
  }

  /** `ended`: called when the last piece of the answer is taken. */
  async #answer(one: Route, context: Context, ended: () => void): Promise<Response> {
    const { sources, callerOf } = this.options;
    const request = context.req.raw;
    const caller = callerOf(request, context.env);
    checkScope(one, caller);
    await this.#turns.next(`${caller.scope} ${caller.stream}`);
    const release = one.stays === true ? this.#shares.take(caller) : ended;
    try {
      const answer = await one.answer(
        {
          path: one.path === undefined ? undefined : readValues('path', one.path, context.req.param()),
          query: one.query === undefined ? undefined : readValues('query', one.query, queryOf(new URL(request.url), one.repeats === true)),
          body: await readBody(one, request),
          caller,
          header: (name) => request.headers.get(name) ?? undefined,
          signal: request.signal,
        },
        sources,
      );
      return response(untilSent(request.method === 'HEAD' ? withoutPieces(answer) : answer, release));
    } catch (error) {
      release();
      throw error;
    }
  }
}

const honoPath = (at: string): string => at.replaceAll(/\{(\w+)\}/g, ':$1');

export function makeApp(options: AppOptions): Hono {
  const hono = new Hono();
  const app = new App(options);
  const { routes, callerOf } = options;
  const methods = new Map<string, Method[]>();
  for (const one of routes) {
    hono.on(one.method, honoPath(one.at), (context) => app.answer(one, context));
    methods.set(one.at, [...(methods.get(one.at) ?? []), one.method]);
  }
  for (const [at, allowed] of methods)
    hono.all(honoPath(at), (context) => {
      callerOf(context.req.raw, context.env);
      throw new WeirError('api-method', { method: context.req.method, allowed });
    });
  hono.notFound((context) => {
    try {
      callerOf(context.req.raw, context.env);
      throw new WeirError('api-no-resource', { path: context.req.path });
    } catch (error) {
      return errorResponse(options, error, context.req.path);
    }
  });
  hono.onError((error, context) => errorResponse(options, error, context.req.path));
  return hono;
}
