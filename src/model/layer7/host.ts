// A virtual host: the names it has, the listeners it is on, its routes.
import type { Expression, Route } from './route.js';

/** A server_name. Texts in lower case; `suffix` of `*.x` is `.x`, `prefix` of `x.*` is `x.`. */
export type HostName =
  | { readonly kind: 'exact'; readonly name: string }
  /** `withBare`: nginx's `.x`, which is `x` and `*.x`. */
  | { readonly kind: 'suffix'; readonly suffix: string; readonly withBare: boolean }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | ({ readonly kind: 'expression' } & Expression);

export interface Host {
  /** For logs and messages. */
  readonly label: string;
  readonly names: readonly HostName[];
  /** By their names. */
  readonly listeners: readonly string[];
  /** On which of its listeners it takes what has no other host. Where a listener has none, its first host does. */
  readonly defaultOn: readonly string[];
  readonly routes: readonly Route[];
  /** A pool whose servers end TLS themselves: content switching gives them connections that ask for this host. The proxy ends TLS here. */
  readonly passthrough?: string;
}
