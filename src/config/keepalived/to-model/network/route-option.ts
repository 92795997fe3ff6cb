// The options of a route line except metrics and next hops (ip-route(8), keepalived.conf(5)).

import type { RouteType } from '../../../../model/keepalived/network.js';
import type { Word } from '../../keyword.js';
import { UNSIGNED_MAX } from '../../values/number.js';
import { type Line, nameTrackGroup } from '../line.js';
import { readEncap } from './encap.js';
import { readVia } from './next-hop.js';
import { type NamedNumber, type NumberNames, readNamed, readRealms } from './number-names.js';
import { readAddress, readPrefix } from './prefix.js';
import type { RouteDraft } from './route-metric.js';

/** A route line being read. */
export interface RouteReading {
  readonly line: Line;
  readonly draft: RouteDraft;
  readonly names: NumberNames;
  /** Absent for virtual routes, which do not have `track_group`. */
  readonly trackGroups?: ReadonlySet<string>;
}

/** Reads the value of the option; false: the route is not used. */
type Option = (reading: RouteReading, word: Word) => boolean;

type NameCode = 'route-tos-invalid' | 'route-table-unknown' | 'route-protocol-unknown' | 'route-scope-unknown';

/** A number that may have a name. */
const named =
  (kind: NamedNumber, max: number, key: 'table' | 'tos' | 'protocol' | 'scope', code: NameCode): Option =>
  ({ line, draft, names }) => {
    const word = line.need();
    if (word === undefined) return false;
    const value = readNamed(names, kind, word.text, max);
    if (value === undefined) line.report(code, word.at, { word: word.text });
    else draft[key] = value;
    return value !== undefined;
  };

const via: Option = ({ line, draft }) => {
  const address = readVia(line, 'route-via-invalid');
  if (address !== undefined) draft.via = address;
  return address !== undefined;
};

const device: Option = ({ line, draft }) => {
  const word = line.need();
  if (word !== undefined) draft.dev = word.text;
  return word !== undefined;
};

const source: Option = ({ line, draft }) => {
  const word = line.need();
  const address = word === undefined ? undefined : readAddress(line, word, 'route-source-invalid', { word: word.text });
  if (address !== undefined) draft.source = address;
  return address !== undefined;
};

const from: Option = ({ line, draft }) => {
  const word = line.need();
  const prefix = word === undefined ? undefined : readPrefix(line, word);
  if (word === undefined || prefix === undefined) return false;
  if (prefix.address.family === 'inet') line.report('route-from-ipv4', word.at, { word: word.text });
  else draft.from = prefix;
  return prefix.address.family === 'inet6';
};

const metric: Option = ({ line, draft }) => {
  const word = line.need();
  const value =
    word === undefined
      ? undefined
      : line.number(word, { min: 0, max: UNSIGNED_MAX }, 'route-metric-invalid', { name: 'metric', word: word.text });
  if (value !== undefined) draft.metric = value;
  return value !== undefined;
};

const realms: Option = ({ line, draft, names }) => {
  const word = line.need();
  if (word === undefined) return false;
  const value = readRealms(word.text, names);
  if (value === undefined) line.report('route-realms-invalid', word.at, { word: word.text });
  else draft.realms = value;
  return value !== undefined;
};

const preference: Option = ({ line, draft }) => {
  const word = line.need();
  if (word === undefined) return false;
  if (word.text === 'low' || word.text === 'medium' || word.text === 'high') {
    draft.pref = word.text;
    return true;
  }
  line.report('number-invalid', word.at, { text: word.text });
  line.report('route-pref-invalid', word.at, { word: word.text });
  return false;
};

const expires: Option = ({ line, draft }) => {
  const word = line.need();
  const value =
    word === undefined
      ? undefined
      : line.number(word, { min: 0, max: UNSIGNED_MAX }, 'route-metric-invalid', { name: 'expires time', word: word.text });
  if (value !== undefined) draft.expires = value;
  return value !== undefined;
};

const vrf: Option = ({ line, draft }) => {
  const word = line.need();
  if (word !== undefined) draft.vrf = word.text;
  return word !== undefined;
};

/** As in keepalived, any other word means disabled. */
const ttlPropagate: Option = ({ line, draft }) => {
  const word = line.need();
  if (word === undefined) return false;
  if (word.text !== 'enabled' && word.text !== 'disabled') line.report('route-ttl-propagate-invalid', word.at, { word: word.text });
  draft.ttlPropagate = word.text === 'enabled';
  return true;
};

const encap: Option = ({ line, draft, names }) => {
  const found = readEncap(line, names);
  if (found !== undefined) draft.encap = found;
  return true;
};

const asTo: Option = ({ line }, keyword) => {
  line.skip('to');
  line.report('route-as-to', keyword.at);
  return line.need() !== undefined;
};

const trackGroup: Option = ({ line, draft, trackGroups }) => {
  const word = line.need();
  if (word === undefined) return false;
  nameTrackGroup(line, word, draft, trackGroups);
  return true;
};

/** An option without a value. */
const plain =
  (settings: Partial<RouteDraft>): Option =>
  ({ draft }) => {
    Object.assign(draft, settings);
    return true;
  };

/** A route with a type is added with iproute2's `add`, unless the line names another command. */
const type = (name: RouteType): [string, Option] => [
  name,
  ({ draft }) => {
    draft.type = name;
    draft.insert ??= 'add';
    return true;
  },
];

const tos = named('dsfield', 255, 'tos', 'route-tos-invalid');

export const routeOptions: ReadonlyMap<string, Option> = new Map<string, Option>([
  ['via', via],
  [
    'gw',
    (reading, word) => {
      reading.line.report('route-gw-deprecated', word.at);
      return via(reading, word);
    },
  ],
  ['dev', device],
  ['oif', device],
  ['src', source],
  ['from', from],
  ['table', named('table', UNSIGNED_MAX, 'table', 'route-table-unknown')],
  ['tos', tos],
  ['dsfield', tos],
  ['protocol', named('protocol', 255, 'protocol', 'route-protocol-unknown')],
  ['scope', named('scope', 255, 'scope', 'route-scope-unknown')],
  ['metric', metric],
  ['priority', metric],
  ['preference', metric],
  ['realms', realms],
  ['pref', preference],
  ['expires', expires],
  ['vrf', vrf],
  ['ttl-propagate', ttlPropagate],
  ['encap', encap],
  ['as', asTo],
  ['onlink', plain({ onlink: true })],
  ['no_track', plain({ noTrack: true })],
  ['add', plain({ insert: 'add' })],
  ['append', plain({ insert: 'append' })],
  ['prepend', plain({ insert: 'prepend' })],
  ['track_group', trackGroup],
  ...(
    ['unicast', 'local', 'broadcast', 'multicast', 'anycast', 'throw', 'unreachable', 'prohibit', 'blackhole', 'nat', 'xresolve'] as const
  ).map(type),
]);
