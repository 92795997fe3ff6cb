// One line of virtual_routes or static_routes, read as iproute2 reads it (ip-route(8), keepalived.conf(5)).
import type { Family } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { HostRoute, NextHop, Prefix } from '../../../../model/keepalived/network.js';
import type { Report } from '../../diagnostics/report.js';
import type { Statement, Word } from '../../keyword.js';
import { Line } from '../line.js';
import { readNextHops } from './next-hop.js';
import { type NumberNames, PROTOCOL_KEEPALIVED } from './number-names.js';
import { readPrefix, zeroOf } from './prefix.js';
import { metrics, type RouteDraft, readCongestionControl, readFeatures, readMetric } from './route-metric.js';
import { type RouteReading, routeOptions } from './route-option.js';

/** What reading such a line needs. `trackGroups`: absent for virtual routes. */
export interface RouteContext {
  readonly report: Report;
  readonly names: NumberNames;
  readonly trackGroups?: ReadonlySet<string>;
}

/** Words for a destination without an address; `undefined`: the family follows from the other addresses. */
const everything: ReadonlyMap<string, Family | undefined> = new Map([
  ['default', undefined],
  ['default6', 'inet6'],
]);

/** The destination of a line; `default` leaves the family open. */
interface Target {
  text?: string;
  prefix?: Prefix;
  family?: Family;
}

/** Reads the destination; false: the line is not used. */
function readTarget(line: Line, word: Word, target: Target): boolean {
  target.text = word.text;
  if (everything.has(word.text)) {
    const family = everything.get(word.text);
    if (family !== undefined) target.family = family;
    return true;
  }
  const prefix = readPrefix(line, word);
  if (prefix === undefined) {
    line.report('route-keyword-unknown', word.at, { word: word.text });
    return false;
  }
  target.prefix = prefix;
  return true;
}

/** `via A or B`: two next hops in the old form. */
function readOr(line: Line, word: Word, draft: RouteDraft): boolean {
  line.report('route-or-deprecated', word.at);
  const other = line.need();
  const via = other === undefined ? undefined : parseAddress(other.text);
  if (via === undefined) return false;
  const first: readonly NextHop[] = draft.via === undefined ? [] : [{ via: draft.via, weight: 1, onlink: false }];
  delete draft.via;
  draft.nextHops = [...(draft.nextHops ?? first), { via, weight: 1, onlink: false }];
  return true;
}

/** Reads one option and its value; false: the line is not used. */
function readWord(reading: RouteReading, word: Word, target: Target): boolean {
  const { line, draft } = reading;
  const option = word.text === 'track_group' && reading.trackGroups === undefined ? undefined : routeOptions.get(word.text);
  if (option !== undefined) return option(reading, word);
  if (metrics.has(word.text)) return readMetric(line, word, draft);
  switch (word.text) {
    case 'features':
      readFeatures(line, draft);
      return true;
    case 'congctl':
      readCongestionControl(line, draft);
      return true;
    case 'nexthop':
      draft.nextHops = readNextHops(line, reading.names);
      return true;
    case 'or':
      return readOr(line, word, draft);
    case 'inet':
    case 'inet6':
      target.family = word.text;
      return true;
    case 'to': {
      const next = line.need();
      return next !== undefined && readTarget(line, next, target);
    }
    default:
      return readTarget(line, word, target);
  }
}

/** The family of all addresses on the line; undefined: they differ. */
function familyOf(draft: RouteDraft, target: Target): Family | undefined {
  const families = [
    target.family,
    target.prefix?.address.family,
    draft.via?.family,
    draft.source?.family,
    draft.from?.address.family,
    ...(draft.nextHops ?? []).map((hop) => hop.via?.family),
  ].filter((family) => family !== undefined);
  const [first = 'inet'] = families;
  return families.every((family) => family === first) ? first : undefined;
}

/** Checks options that only one family has; false: the line is not used. */
function fitsFamily(line: Line, place: Word, draft: RouteDraft, family: Family): boolean {
  if (family === 'inet6') return true;
  if (draft.pref !== undefined) line.report('route-pref-ipv4', place.at);
  else if (draft.expires !== undefined) line.report('route-expires-ipv4', place.at);
  else return true;
  return false;
}

/** keepalived cannot track a route without an interface, or one of another protocol. */
function effectiveTracking(line: Line, place: Word, draft: RouteDraft, text: string): void {
  if (draft.noTrack === true) return;
  if (draft.dev === undefined) {
    line.report('route-not-tracked', place.at, { text });
    draft.noTrack = true;
    draft.protocol ??= PROTOCOL_KEEPALIVED;
    return;
  }
  if (draft.protocol !== undefined && draft.protocol !== PROTOCOL_KEEPALIVED) line.report('route-tracking-protocol', place.at);
  draft.protocol = PROTOCOL_KEEPALIVED;
}

/** The route of the line; undefined, and reported, if it cannot be used. */
export function buildRoute(statement: Statement, context: RouteContext): HostRoute | undefined {
  const line = new Line(statement, context.report);
  const draft: RouteDraft = {};
  const target: Target = {};
  const { names, trackGroups } = context;
  const reading: RouteReading = { line, draft, names, ...(trackGroups === undefined ? {} : { trackGroups }) };
  for (let word = line.take(); word !== undefined; word = line.take()) if (!readWord(reading, word, target)) return undefined;
  const place = statement.keyword;
  if (target.text === undefined) {
    line.report('route-without-destination', place.at);
    return undefined;
  }
  const family = familyOf(draft, target);
  if (family === undefined) line.report('route-mixed-families', place.at);
  if (family === undefined || !fitsFamily(line, place, draft, family)) return undefined;
  effectiveTracking(line, place, draft, target.text);
  return {
    family,
    type: 'unicast',
    to: target.prefix ?? { address: zeroOf(family), length: 0 },
    nextHops: [],
    onlink: false,
    metrics: [],
    insert: 'prepend',
    noTrack: false,
    ...draft,
  };
}
