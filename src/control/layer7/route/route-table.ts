// Which route of a host has a request, in nginx's order: the exact path; the longest prefix, if it is marked so; the first expression; the longest
// prefix. Where the conditions of a route do not hold, the next one in this order is asked. Before expressions, and where no location has the very
// path, a location `/x/` that goes to a pool has `/x` redirected to it: ngx_http_core_find_static_location and its auto_redirect.
import { RegularExpression } from '../../../model/expression/regular-expression.js';
import type { Route } from '../../../model/layer7/route.js';
import type { RequestFacts } from '../request.js';
import { conditionsOf } from './conditions.js';

/** A route as it is asked. */
export class RouteEntry {
  readonly #holds: ((facts: RequestFacts) => boolean) | undefined;
  readonly #expression: RegularExpression | undefined;

  /** `addsSlash`: the request is redirected to the route's path, which is its own with a slash. */
  constructor(
    readonly route: Route,
    readonly addsSlash = false,
  ) {
    const { path } = route.match;
    this.#holds = conditionsOf(route.match);
    this.#expression = path.kind === 'expression' ? new RegularExpression(path.pattern, path.ignoreCase) : undefined;
  }

  holds(facts: RequestFacts): boolean {
    return this.#holds === undefined || this.#holds(facts);
  }

  matches(facts: RequestFacts): boolean {
    return (this.#expression?.test(facts.path) ?? true) && this.holds(facts);
  }

  /** The groups of its expression, for templates: the match first. Empty for other paths. */
  groups(path: string): readonly string[] {
    return this.#expression?.exec(path) ?? [];
  }
}

const first = (entries: readonly RouteEntry[] | undefined, facts: RequestFacts): RouteEntry | undefined => {
  if (entries === undefined) return undefined;
  for (const entry of entries) if (entry.holds(facts)) return entry;
  return undefined;
};

function addTo(map: Map<string, RouteEntry[]>, path: string, entry: RouteEntry): void {
  const there = map.get(path);
  if (there === undefined) map.set(path, [entry]);
  else there.push(entry);
}

export class RouteTable {
  readonly #exact = new Map<string, RouteEntry[]>();
  readonly #prefixes = new Map<string, RouteEntry[]>();
  readonly #expressions: RouteEntry[] = [];
  /** Paths without the slash that a location ends with. */
  readonly #slashless = new Map<string, RouteEntry[]>();
  /** Of prefixes, the longest first. */
  readonly #lengths: readonly number[];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const { path } = route.match;
      const entry = new RouteEntry(route);
      if (path.kind === 'expression') this.#expressions.push(entry);
      else {
        const map = path.kind === 'exact' ? this.#exact : this.#prefixes;
        addTo(map, path.path, entry);
        if (path.path.length > 1 && path.path.endsWith('/') && route.action.kind === 'pool')
          addTo(this.#slashless, path.path.slice(0, -1), new RouteEntry(route, true));
      }
    }
    this.#lengths = [...new Set([...this.#prefixes.keys()].map(({ length }) => length))].sort((a, b) => b - a);
  }

  #longestPrefix(facts: RequestFacts): RouteEntry | undefined {
    const { path } = facts;
    for (const length of this.#lengths) {
      if (length > path.length) continue;
      const found = first(this.#prefixes.get(path.slice(0, length)), facts);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  find(facts: RequestFacts): RouteEntry | undefined {
    if (this.#exact.size > 0) {
      const exact = first(this.#exact.get(facts.path), facts);
      if (exact !== undefined) return exact;
    }
    const prefix = this.#longestPrefix(facts);
    const path = prefix?.route.match.path;
    if (this.#slashless.size > 0 && !(path?.kind === 'prefix' && path.path === facts.path)) {
      const slashless = first(this.#slashless.get(facts.path), facts);
      if (slashless !== undefined) return slashless;
    }
    if (path?.kind === 'prefix' && path.beforeExpressions) return prefix;
    for (const entry of this.#expressions) if (entry.matches(facts)) return entry;
    return prefix;
  }
}
