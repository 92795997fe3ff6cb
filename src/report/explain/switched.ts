// Content switching in an explanation: the datapath answers a SYN itself, and the first request chooses by the rules, in the place of the service's
// scheduler.
import { type FirstRequest, hostName, matchingPath, whyUndecided } from '../../control/layer7/switch/first-request.js';
import type { LiveRule, LiveSwitch } from '../../datapath/ebpf/switch/look-at-switch.js';
import { LOOPBACK } from '../../datapath/memory/packets/environment.js';
import { addressOf } from '../../datapath/memory/packets/ip.js';
import type { DestinationRecord } from '../../datapath/memory/packets/records.js';
import { overheadBy, weightedLeastConnection } from '../../datapath/schedule/lc.js';
import { type Candidate, eligible } from '../../datapath/schedule/scheduler.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { EventOf } from './events.js';
import { type ExplainedRule, type ExplainedServer, type Explanation, NOWHERE } from './explanation.js';

/** The rules of the packet's address, and what they make of a first request. */
export interface Switched {
  readonly live: LiveSwitch;
  /** undefined: none is asked about. */
  readonly request: FirstRequest | undefined;
  /** That the request goes by. */
  readonly rule: LiveRule | undefined;
  /** Why the request is the proxy's; undefined: it is not. */
  readonly undecided: string | undefined;
}

/** So many rules are shown. */
const RULES_MAX = 64;

const NO_PATH = { path: '' } as const;

export function switchedBy(live: LiveSwitch, request: FirstRequest | undefined): Switched {
  if (request === undefined) return { live, request, rule: undefined, undecided: undefined };
  const unread = whyUndecided(live.protocol, request);
  if (unread !== undefined) return { live, request, rule: undefined, undecided: unread };
  const name = hostName(request);
  const own = live.rules.filter(({ host }) => host === name);
  const ofHost = own.length > 0 ? own : live.rules.filter(({ host }) => host === '');
  const rule = matchingPath(ofHost, live.protocol === 'tls' ? { ...request, ...NO_PATH } : request);
  const none = ofHost.length === 0 ? 'no rule has this host' : 'no rule of this host has this path';
  const undecided = rule === undefined ? none : rule.servers === undefined ? "the rule is the proxy's" : undefined;
  return { live, request, rule, undecided };
}

/** The candidates of a pool that take connections, in the order of the service's list. */
function candidates({ rule, live }: Switched, { service, list }: EventOf<'scheduled'>): readonly Candidate[] {
  const outs = new Set(live.outs.map((one) => endpointText(one)));
  const names = new Set(rule?.servers?.map((one) => endpointText(one)).filter((name) => !outs.has(name)));
  const isOfPool = ({ address, port }: DestinationRecord): boolean => names.has(endpointText({ address: addressOf(address), port }));
  return list.filter((each, k) => {
    const record = service.list[k];
    return record !== undefined && isOfPool(record) && eligible(each);
  });
}

/** The number of the destination that the datapath chooses. undefined: it chooses none. */
export function chosenOf(switched: Switched, scheduled: EventOf<'scheduled'> | undefined): number | undefined {
  if (switched.request === undefined || switched.undecided !== undefined || scheduled === undefined) return undefined;
  return weightedLeastConnection(candidates(switched, scheduled)) ?? undefined;
}

/** Has another server of the pool as few connections for its weight? Then chance decides. */
function hasEqual(switched: Switched, scheduled: EventOf<'scheduled'> | undefined): boolean {
  if (scheduled === undefined) return false;
  const all = candidates(switched, scheduled);
  const chosen = all.find(({ id }) => id === scheduled.chosen?.id);
  const isEqual = (each: Candidate, of: Candidate): boolean => overheadBy(each, of.weight) === overheadBy(of, each.weight);
  return chosen !== undefined && all.some((each) => each !== chosen && isEqual(each, chosen));
}

const shownRule = ({ host, path, exact, servers }: LiveRule, rule: LiveRule | undefined, outs: ReadonlySet<string>): ExplainedRule => ({
  host,
  path,
  exact,
  servers: servers?.map((one) => endpointText(one)) ?? null,
  down: servers?.map((one) => endpointText(one)).filter((name) => outs.has(name)) ?? [],
  matches: rule !== undefined && host === rule.host && path === rule.path && exact === rule.exact,
});

function shownSwitch({ live, request, rule, undecided }: Switched): NonNullable<Explanation['switched']> {
  const outs = new Set(live.outs.map((one) => endpointText(one)));
  const rules = live.rules.map((each) => shownRule(each, rule, outs)).sort((a, b) => Number(b.matches) - Number(a.matches));
  const shown = rules.slice(0, RULES_MAX);
  return {
    protocol: live.protocol,
    request: request ?? null,
    undecided: undecided ?? null,
    rules: shown,
    more: rules.length - shown.length,
  };
}

const NO_PROCESS = 'where no process listens there, the host resets the connection';
const HEAD = "a request whose head is not whole within the first segment, has two Host fields or a line that is no field is the proxy's";

const proxied = (shown: Explanation, why: string): Explanation => ({
  ...shown,
  ...NOWHERE,
  verdict: 'proxied',
  why,
  uncertain: [NO_PROCESS],
});

const handshake = (shown: Explanation): Explanation => ({
  ...shown,
  ...NOWHERE,
  verdict: 'handshake',
  why: 'weir answers the SYN itself, and keeps nothing: the first request chooses the server',
  uncertain: [],
});

/** What the director leaves to the host, or drops, before content switching begins a connection. */
const BEFORE: ReadonlySet<string> = new Set(['not_local', 'firewall', 'reverse_path', 'ftp_data', 'drop_packet', 'martian']);

function chosenServers(servers: readonly ExplainedServer[], { rule, live }: Switched): readonly ExplainedServer[] {
  const names = new Set(rule?.servers?.map((one) => endpointText(one)));
  const outs = new Set(live.outs.map((one) => endpointText(one)));
  return servers.map((server) => {
    if (server.chosen) return { ...server, why: 'the fewest connections for its weight in the pool of the rule' };
    if (!names.has(server.server)) return { ...server, why: 'not in the pool of the rule' };
    return outs.has(server.server) ? { ...server, why: 'checks found it down' } : server;
  });
}

/** A segment of a connection that there is. */
function later(shown: Explanation, { live: { connection }, request }: Switched): Explanation {
  if (connection === 'none')
    return { ...shown, ...NOWHERE, verdict: 'passed', why: 'a segment of no connection of content switching: the host resets it' };
  const uncertain = [
    ...shown.uncertain,
    ...(connection === 'begins' ? ['its server has not answered yet: segments but the first one are dropped'] : []),
    ...(request === undefined ? [] : ['the connection has its server: later requests are not looked at']),
  ];
  return { ...shown, uncertain };
}

/** `base`: by the service's scheduler, or by the choice of chosenOf(). `begins`: a SYN, or a first request. */
export function explainSwitched(
  base: Explanation,
  switched: Switched,
  begins: boolean,
  scheduled: EventOf<'scheduled'> | undefined,
): Explanation {
  const { live, request, undecided } = switched;
  const shown = { ...base, switched: shownSwitch(switched) };
  if (base.packet.device === LOOPBACK) return proxied(shown, "connections from this host are the proxy's");
  if (base.reason !== null && BEFORE.has(base.reason.key)) return shown;
  if (!begins) return later(shown, switched);
  if (request === undefined) return live.connection === 'goes on' ? shown : handshake(shown);
  if (undecided !== undefined) return proxied(shown, `undecided: ${undecided}`);
  const isServed = scheduled !== undefined && candidates(switched, scheduled).some(({ id }) => id === scheduled.chosen?.id);
  if (!isServed || base.scheduled === null) return proxied(shown, 'no server of the pool takes connections');
  return {
    ...shown,
    why: 'a new connection, by its first request',
    scheduled: { ...base.scheduled, scheduler: 'switch', servers: chosenServers(base.scheduled.servers, switched) },
    uncertain: [
      ...shown.uncertain,
      HEAD,
      ...(hasEqual(switched, scheduled) ? ['another server of the pool has as few connections for its weight: any of them is chosen'] : []),
    ],
  };
}
