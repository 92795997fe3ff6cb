// Routes and pools of the model for the proxy: which of them a request goes to, and the fields that they add.
import { formatAddress } from '../../model/address-text.js';
import { defaultProxying } from '../../model/layer7/defaults.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Persistence, Pool, PoolServer } from '../../model/layer7/pool.js';
import type { PoolCounts, PoolOrder } from '../../model/layer7/pool-status.js';
import type { FieldEdit } from '../../model/layer7/proxying.js';
import { type Action, LEAVES_PREFIX, leavablePrefix, type Route } from '../../model/layer7/route.js';
import { templateText } from '../../model/layer7/template.js';
import { fieldValue, withoutFields } from '../../wire/http/fields.js';
import type { ResponseHead } from '../../wire/http/response-head.js';
import { Attempt } from '../layer7/pool/attempt.js';
import { type ChooserOptions, NO_SERVER, PoolChooser } from '../layer7/pool/pool-chooser.js';
import { cookieOf, expand, type RequestFacts, type Surroundings } from '../layer7/request.js';
import { normalisedPath } from '../layer7/route/path.js';
import type { RouteEntry } from '../layer7/route/route-table.js';
import { Router as RouteFinder } from '../layer7/route/router.js';
import { type Asked, type Choice, type Outcome, type Router, schemeOf, type ToAnswer, type ToPool } from './routing.js';

/** `host`: HOST or HOST:PORT; an address of IPv6 is in brackets. A dot at the end does not count, as for nginx. */
function withoutPort(host: string): string {
  const colon = host.endsWith(']') ? -1 : host.lastIndexOf(':');
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** What rules and pools ask of a request. */
class AskedFacts implements RequestFacts {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly host: string;

  constructor(
    readonly asked: Asked,
    path: string,
  ) {
    this.method = asked.head.method;
    this.target = asked.head.target;
    this.path = path;
    this.host = withoutPort(asked.head.host);
  }

  get scheme() {
    return schemeOf(this.asked.listener);
  }

  get sni(): string | undefined {
    return this.asked.serverName;
  }

  get client() {
    return this.asked.client;
  }

  get clientText(): string {
    return this.asked.clientText;
  }

  get clientPort(): number {
    return this.asked.clientPort;
  }

  get serverText(): string {
    return formatAddress(this.asked.serverAddress);
  }

  get serverPort(): number {
    return this.asked.listener.port;
  }

  field(name: string): string | undefined {
    const { head } = this.asked;
    if (name === 'x-forwarded-for') return head.forwardedFor || undefined;
    if (name === 'x-forwarded-proto') return head.forwardedProto || undefined;
    if (name === 'forwarded') return head.forwarded || undefined;
    return fieldValue(head.lines, name);
  }
}

class PoolChoice implements Choice {
  readonly attempt = new Attempt();
  #last = NO_SERVER;
  #chosenUs = 0;

  constructor(
    readonly chooser: PoolChooser,
    readonly facts: RequestFacts,
    around: Surroundings,
  ) {
    chooser.begin(this.attempt, facts, around);
  }

  get last(): number {
    return this.#last;
  }

  next(nowUs: number): PoolServer | undefined {
    const index = this.chooser.choose(this.attempt, this.facts, nowUs);
    if (index === NO_SERVER) return undefined;
    this.#last = index;
    this.#chosenUs = nowUs;
    return this.chooser.pool.servers[index];
  }

  whyNone(nowUs: number): string {
    return this.chooser.whyNone(this.attempt, nowUs);
  }

  answered(head: ResponseHead, nowUs: number): void {
    this.chooser.onAnswer(this.#last, head, nowUs - this.#chosenUs);
  }

  ended(outcome: Outcome, nowUs: number): void {
    this.chooser.onResult(this.#last, outcome === 'answered' ? 'ok' : outcome, nowUs);
  }
}

const sameEdit = (one: FieldEdit, other: FieldEdit): boolean =>
  one.name.toLowerCase() === other.name.toLowerCase() && templateText(one.value) === templateText(other.value);

/** What of a route is worked out once. */
class RoutePlan {
  /** X-Forwarded-For and X-Forwarded-Proto are those of the defaults, which the proxy adds by itself. */
  readonly addsForwarded: boolean;
  /** All other fields to set. */
  readonly edits: readonly FieldEdit[];
  readonly #names: readonly string[];

  constructor({ proxying }: Route) {
    const isDefault = (edit: FieldEdit): boolean => defaultProxying.requestFields.some((one) => sameEdit(one, edit));
    const defaults = proxying.requestFields.filter((edit) => isDefault(edit) && edit.name.toLowerCase() !== 'host');
    this.addsForwarded = defaults.length === 2;
    this.edits = proxying.requestFields.filter((edit) => !(isDefault(edit) && (this.addsForwarded || edit.name.toLowerCase() === 'host')));
    this.#names = this.edits.map(({ name }) => name.toLowerCase());
  }

  /** The request's lines with its edits; undefined: as they came. */
  lines(facts: AskedFacts, around: Surroundings): string | undefined {
    if (this.edits.length === 0) return undefined;
    return withoutFields(facts.asked.head.lines, this.#names) + fieldLines(this.edits, facts, around);
  }
}

/** Fields with their values; one whose value is empty is not sent. */
function fieldLines(edits: readonly FieldEdit[], facts: RequestFacts, around: Surroundings): string {
  let lines = '';
  for (const { name, value } of edits) {
    const text = expand(value, facts, around);
    if (text !== '') lines += `${name}: ${text}\r\n`;
  }
  return lines;
}

const SECOND_US = 1_000_000;
const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

function setCookie(persistence: Extract<Persistence, { kind: 'cookie' }>, value: string): string {
  const { name, maxAgeUs, domain, path, httpOnly, secure, sameSite } = persistence;
  const age = maxAgeUs === undefined ? '' : `; Max-Age=${Math.floor(maxAgeUs / SECOND_US)}`;
  const site = sameSite === undefined ? '' : `; SameSite=${SAME_SITE[sameSite]}`;
  return `Set-Cookie: ${name}=${value}${age}${domain === undefined ? '' : `; Domain=${domain}`}; Path=${path}${httpOnly ? '; HttpOnly' : ''}${secure ? '; Secure' : ''}${site}\r\n`;
}

/** What a path of a normalised URI needs to be sent (nginx's escaping of a URI). */
const escaped = (path: string): string =>
  path.replace(/[^!$&-;=@-Z_a-z~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

const LEAVING = new RegExp(`^${LEAVES_PREFIX}`);

/** `/api../x` of a location `/api` that becomes `/v1/` would be `/v1/../x`: a path of the server outside of it. */
function leavesPrefix(route: Route, { path }: AskedFacts): boolean {
  const prefix = leavablePrefix(route);
  return prefix !== undefined && LEAVING.test(path.slice(prefix.length));
}

function targetOf({ replacePrefix }: Extract<Action, { kind: 'pool' }>, { match }: Route, facts: AskedFacts): string | undefined {
  if (replacePrefix === undefined || match.path.kind === 'expression') return undefined;
  const query = facts.target.indexOf('?');
  return replacePrefix + escaped(facts.path.slice(match.path.path.length)) + (query < 0 ? '' : facts.target.slice(query));
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Where nginx sends a client that asked for the route's path without its last slash (absolute_redirect, port_in_redirect). */
function slashLocation({ match: { path } }: Route, facts: AskedFacts): string {
  const { scheme, host, serverPort, serverText, target } = facts;
  const port = serverPort === DEFAULT_PORTS[scheme] ? '' : `:${serverPort}`;
  const query = target.indexOf('?');
  const to = path.kind === 'expression' ? facts.path : path.path;
  return `${scheme}://${host || serverText}${port}${escaped(to)}${query < 0 || query === target.length - 1 ? '' : target.slice(query)}`;
}

const notFound: ToAnswer = { kind: 'answer', status: 404, body: '' };
const badRequest: ToAnswer = {
  kind: 'answer',
  status: 400,
  body: '',
  cause: 'the path leads above the root or the prefix of its location, or has a bad encoding',
};

export class ModelRouter implements Router {
  readonly #finder: RouteFinder;
  readonly #choosers: ReadonlyMap<string, PoolChooser>;
  readonly #plans = new Map<Route, RoutePlan>();

  /** `before`: the router of the configuration before, whose failures and health are kept. */
  constructor(model: Layer7, options: ChooserOptions, before?: ModelRouter) {
    this.#finder = new RouteFinder(model);
    this.#choosers = new Map(model.pools.map((pool) => [pool.name, new PoolChooser(pool, options)]));
    for (const { routes } of model.hosts) for (const route of routes) this.#plans.set(route, new RoutePlan(route));
    for (const [name, chooser] of this.#choosers) {
      const old = before?.chooser(name);
      if (old !== undefined) chooser.takeOver(old);
    }
  }

  chooser(pool: string): PoolChooser | undefined {
    return this.#choosers.get(pool);
  }

  /** Verdicts and weights from outside. */
  order(orders: readonly PoolOrder[]): void {
    for (const order of orders) this.#choosers.get(order.pool)?.order(order);
  }

  /** What each server was asked and did, by pool. */
  counts(nowUs: number): PoolCounts {
    return Object.fromEntries([...this.#choosers].map(([name, chooser]) => [name, chooser.counts(nowUs)]));
  }

  route(asked: Asked): ToPool | ToAnswer {
    const { target } = asked.head;
    const path = target === '*' ? '/' : normalisedPath(target);
    if (path === undefined) return badRequest;
    const facts = new AskedFacts(asked, path);
    const found = this.#finder.find(asked.listener.name, facts);
    return found === undefined ? notFound : this.#act(found, facts);
  }

  #act(found: RouteEntry, facts: AskedFacts): ToPool | ToAnswer {
    const { action, proxying } = found.route;
    const groups = found.route.match.path.kind === 'expression' ? found.groups(facts.path) : [];
    const own = { proxyHost: '', groups };
    const answered = (): Pick<ToAnswer, 'kind' | 'lines'> => ({ kind: 'answer', lines: fieldLines(proxying.responseFields, facts, own) });
    if (found.addsSlash) return { ...answered(), status: 301, body: '', location: slashLocation(found.route, facts) };
    switch (action.kind) {
      case 'status':
        return { ...answered(), status: action.status, body: expand(action.body, facts, own) };
      case 'redirect':
        return { ...answered(), status: action.status, body: '', location: expand(action.location, facts, own) };
      case 'pool': {
        if (leavesPrefix(found.route, facts)) return badRequest;
        const chooser = this.#choosers.get(action.pool);
        return chooser === undefined ? notFound : this.#toPool(chooser, found.route, action, facts, { proxyHost: action.pool, groups });
      }
    }
  }

  #toPool(chooser: PoolChooser, route: Route, action: Extract<Action, { kind: 'pool' }>, facts: AskedFacts, around: Surroundings): ToPool {
    const plan = this.#plans.get(route)!;
    const choice = new PoolChoice(chooser, facts, around);
    return {
      kind: 'pool',
      pool: chooser.pool,
      choice,
      proxying: route.proxying,
      addsForwarded: plan.addsForwarded,
      target: targetOf(action, route, facts),
      lines: plan.lines(facts, around),
      answerLines: () => fieldLines(route.proxying.responseFields, facts, around) + cookieLine(chooser.pool, choice, facts),
    };
  }
}

/** The cookie that binds the client to its server, where it has another one or none. */
function cookieLine({ persistence }: Pool, { chooser, last }: PoolChoice, facts: RequestFacts): string {
  if (persistence?.kind !== 'cookie') return '';
  const value = chooser.cookieValue(last);
  return value === undefined || cookieOf(facts, persistence.name) === value ? '' : setCookie(persistence, value);
}
