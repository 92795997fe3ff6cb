// Which route of a host has a request, in nginx's order: the exact path; the longest prefix, if it is marked so; the first expression; the longest
// prefix. Where the conditions of a route do not hold, the next one in this order is asked.
import { RegularExpression } from '../../../model/expression/regular-expression.js';
import type { Route } from '../../../model/layer7/route.js';
import type { RequestFacts } from '../request.js';
import { conditionsOf } from './conditions.js';

/** A route as it is asked. */
export class RouteEntry {
  readonly #holds: ((facts: RequestFacts) => boolean) | undefined;
  readonly #expression: RegularExpression | undefined;

  constructor(readonly route: Route) {
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

export class RouteTable {
  readonly #exact = new Map<string, RouteEntry[]>();
  readonly #prefixes = new Map<string, RouteEntry[]>();
  readonly #expressions: RouteEntry[] = [];
  /** Of prefixes, the longest first. */
  readonly #lengths: readonly number[];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const { path } = route.match;
      const entry = new RouteEntry(route);
      if (path.kind === 'expression') this.#expressions.push(entry);
      else {
        const map = path.kind === 'exact' ? this.#exact : this.#prefixes;
        map.set(path.path, [...(map.get(path.path) ?? []), entry]);
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
    if (path?.kind === 'prefix' && path.beforeExpressions) return prefix;
    for (const entry of this.#expressions) if (entry.matches(facts)) return entry;
    return prefix;
  }
}
