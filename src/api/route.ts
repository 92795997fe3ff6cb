// One method of one resource, as data: its place, what it takes and answers, and the function that answers. The router, the OpenAPI document and the
// list of resources are made from it.
import type * as z from 'zod';
import type { Caller, Scope } from './access/caller.js';
import type { ApiSources } from './sources.js';

export type Method = 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';

/** A text with its type, or values that are sent as JSON. */
export type AnswerBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string; readonly type: string }
  /** Sent piece by piece, as fast as the client reads. */
  | { readonly kind: 'stream'; readonly pieces: AsyncIterable<string>; readonly type: string }
  | { readonly kind: 'none' };

export interface Answer {
  readonly status: number;
  readonly body: AnswerBody;
  readonly headers?: Readonly<Record<string, string>>;
}

export const json = (value: unknown, headers?: Readonly<Record<string, string>>): Answer => ({
  status: 200,
  body: { kind: 'json', value },
  ...(headers === undefined ? {} : { headers }),
});

export interface RouteRequest<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  /** Of the request's head, by lower-case names. */
  header(name: string): string | undefined;
  /** The client has gone. */
  readonly signal: AbortSignal;
}

export interface Route<Path = unknown, Query = unknown, Body = unknown> {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/services/{id}`. */
  readonly at: string;
  readonly summary: string;
  readonly scope: Scope;
  /** Not for every user of the host. */
  readonly confidential?: true;
  /** A stream that stays open: each caller may have so many. */
  readonly stays?: true;
  /** A name of the query that is given several times is a list: its values with commas. */
  readonly repeats?: true;
  readonly path?: z.ZodType<Path>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Media types of a body besides JSON, which `body` then gets as a text. */
  readonly textBody?: readonly string[];
  /** What is answered where all is well: by status. */
  readonly answers: Readonly<Record<number, { readonly what: string; readonly schema?: z.ZodType; readonly types?: readonly string[] }>>;
  answer(request: RouteRequest<Path, Query, Body>, sources: ApiSources): Answer | Promise<Answer>;
}

/** Checks a route against its own types; the list of routes does not keep them. */
export const route = <Path, Query, Body>(one: Route<Path, Query, Body>): Route => one as unknown as Route;
