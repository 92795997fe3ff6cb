// Which requests go where. Of the routes of a host, nginx's order decides: an exact path, the longest prefix if it is marked so, expressions in
// their order, else the longest prefix. Routes of one path are tried in their order: the first whose other conditions hold is taken.
import type { Proxying } from './proxying.js';
import type { Way } from './switch-plan.js';
import type { Template } from './template.js';

/** A regular expression that is evaluated in linear time: without back references, and without looking ahead or behind. */
export interface Expression {
  readonly pattern: string;
  readonly ignoreCase: boolean;
}

/** Paths are those of the normalised URI: decoded, dots resolved, slashes merged. `beforeExpressions`: nginx's `^~`. */
export type PathMatch =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string; readonly beforeExpressions: boolean }
  | ({ readonly kind: 'expression' } & Expression);

export type TextMatch =
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'exact'; readonly text: string }
  | { readonly kind: 'prefix'; readonly text: string }
  | ({ readonly kind: 'expression' } & Expression);

/** A condition on a field (`name` in lower case), or on a cookie. */
export interface NamedMatch {
  readonly name: string;
  readonly value: TextMatch;
}

/** All of them must hold. */
export interface RouteMatch {
  readonly path: PathMatch;
  /** Empty: any. */
  readonly methods: readonly string[];
  readonly fields: readonly NamedMatch[];
  readonly cookies: readonly NamedMatch[];
  /** The name that TLS asks for; absent: any, or none. */
  readonly sni?: TextMatch;
}

export type Action =
  | {
      readonly kind: 'pool';
      readonly pool: string;
      /** The URI of `proxy_pass`: replaces what the path's prefix matched; absent: the request's own target is sent as it came. */
      readonly replacePrefix?: string;
    }
  | { readonly kind: 'redirect'; readonly status: 301 | 302 | 303 | 307 | 308; readonly location: Template }
  | { readonly kind: 'status'; readonly status: number; readonly body: Template };

/** Answers of these statuses have no body (RFC 9110 §6.4.1, §15.3.6). */
export const WITHOUT_BODY: readonly number[] = [204, 205, 304];

export interface Route {
  readonly match: RouteMatch;
  readonly action: Action;
  readonly proxying: Proxying;
  /** Absent: the proxy. */
  readonly way?: Way;
}

/** A regular expression: how the rest of a path begins that leaves the prefix which it is put behind, as `../x` behind `/v1/`. */
export const LEAVES_PREFIX = '\\.\\.?(?:/|$)';

/** What of a route's paths is replaced, where the rest behind it could leave what replaces it; undefined: it cannot. */
export function leavablePrefix({ match: { path }, action }: Route): string | undefined {
  const isFolder = action.kind === 'pool' && action.replacePrefix?.endsWith('/') === true;
  return isFolder && path.kind !== 'expression' ? path.path : undefined;
}
