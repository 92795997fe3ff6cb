// KTCPVS's table as values: virtual services with their servers and rules, in the order in which the kernel's lists had them.
import { endpointText, type Names, noNames } from '../../model/endpoint-text.js';
import { sameDestination } from '../../model/identity.js';
import type { DestinationKey } from '../../model/service.js';

export const ktcpvsSchedulers = ['wlc', 'http', 'phttp', 'chttp', 'hhttp'] as const;
export type KtcpvsScheduler = (typeof ktcpvsSchedulers)[number];

/** Port 0: that of the virtual service. Weight 0: it gets no new requests. */
export interface KtcpvsServer extends DestinationKey {
  readonly weight: number;
}

export interface KtcpvsRule {
  readonly pattern: string;
  /** The group whose bytes are added up (hhttp); 0: the whole match. */
  readonly match: number;
  readonly server: DestinationKey;
}

export interface KtcpvsVirtual {
  readonly name: string;
  readonly listen: DestinationKey;
  readonly scheduler: KtcpvsScheduler;
  readonly startServers: number;
  readonly maxClients: number;
  readonly minSpareServers: number;
  readonly maxSpareServers: number;
  readonly redirect?: DestinationKey;
  readonly servers: readonly KtcpvsServer[];
  /** Rules of one pattern stand together. */
  readonly rules: readonly KtcpvsRule[];
  readonly isStarted: boolean;
  /** weir's own: content switching by the datapath, for what it can decide. */
  readonly isSwitched: boolean;
}

/** What `tcpvsadm -A` makes where nothing is given. */
export const defaultVirtual: Omit<KtcpvsVirtual, 'name'> = {
  listen: { address: { family: 'inet', words: [0] }, port: 8080 },
  scheduler: 'http',
  startServers: 8,
  maxClients: 256,
  minSpareServers: 6,
  maxSpareServers: 18,
  servers: [],
  rules: [],
  isStarted: false,
  isSwitched: false,
};

export const isDefaultPattern = (pattern: string): boolean => pattern === '.*' || pattern === '^/.*';

/** A new rule comes first, one for all requests last; one of a pattern that is there joins it. */
export function withRule(rules: readonly KtcpvsRule[], rule: KtcpvsRule): readonly KtcpvsRule[] {
  const at = rules.findIndex(({ pattern }) => pattern === rule.pattern);
  if (at >= 0) return rules.toSpliced(at, 0, { ...rule, match: rules[at]?.match ?? rule.match });
  return isDefaultPattern(rule.pattern) ? [...rules, rule] : [rule, ...rules];
}

/** In the order in which their patterns come first. */
export function rulesByPattern(rules: readonly KtcpvsRule[]): ReadonlyMap<string, readonly KtcpvsRule[]> {
  const found = new Map<string, KtcpvsRule[]>();
  for (const rule of rules) {
    const before = found.get(rule.pattern);
    if (before === undefined) found.set(rule.pattern, [rule]);
    else before.push(rule);
  }
  return found;
}

/** What `withRule` makes of these rules, one after the other. */
export function addedRules(rules: readonly KtcpvsRule[]): readonly KtcpvsRule[] {
  const groups = [...rulesByPattern(rules).values()].map((own) => own.toReversed().map((rule) => ({ ...rule, match: own[0]?.match ?? 0 })));
  const isDefault = (own: readonly KtcpvsRule[]): boolean => isDefaultPattern(own[0]?.pattern ?? '');
  return [...groups.filter((own) => !isDefault(own)).toReversed(), ...groups.filter(isDefault)].flat();
}

export const serverIn = ({ servers }: KtcpvsVirtual, key: DestinationKey): KtcpvsServer | undefined =>
  servers.find((server) => sameDestination(server, key));

/** One service as `tcpvsadm -L` prints it, which is its file's grammar, too. */
export function virtualText(virtual: KtcpvsVirtual, names: Names = noNames): string {
  const at = (key: DestinationKey): string => endpointText(key, 'tcp', names);
  const match = (number: number): string => (virtual.scheduler === 'hhttp' ? `match ${number} ` : '');
  return [
    `Virtual ${virtual.name} {`,
    `    listen = ${at(virtual.listen)}`,
    `    scheduler = ${virtual.scheduler}`,
    `    startservers = ${virtual.startServers}`,
    `    maxclients = ${virtual.maxClients}`,
    `    minspareservers = ${virtual.minSpareServers}`,
    `    maxspareservers = ${virtual.maxSpareServers}`,
    ...(virtual.redirect === undefined ? [] : [`    redirect = ${at(virtual.redirect)}`]),
    ...virtual.servers.map((server) => `    server = ${at(server)} ${server.weight}`),
    ...virtual.rules.map(
      ({ pattern, match: number, server }) => `    rule = pattern "${pattern}" ${match(number)}use server ${at(server)}`,
    ),
    '}\n',
  ].join('\n');
}
