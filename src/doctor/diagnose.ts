// Applies all rules of a role to its facts. Pure.

import { type Finding, sortedFindings } from '../model/finding.js';
import type { DirectorFacts, Facts, RealServerFacts } from './facts.js';
import { apiRule } from './rules/director/api.js';
import { checkedRule } from './rules/director/checked.js';
import { clientsRule } from './rules/director/clients.js';
import { datapathRule } from './rules/director/datapath.js';
import { drainsRule } from './rules/director/drains.js';
import { dropPacketRule } from './rules/director/drop-packet.js';
import { dropsRule } from './rules/director/drops.js';
import { fillRule } from './rules/director/fill.js';
import { filtersRule } from './rules/director/filters.js';
import { forwardingRule } from './rules/director/forwarding.js';
import { forwardingIpv6Rule } from './rules/director/forwarding-ipv6.js';
import { halfOpenRule } from './rules/director/half-open.js';
import { interfacesRule } from './rules/director/interfaces.js';
import { ipsecRule } from './rules/director/ipsec.js';
import { loadRule } from './rules/director/load.js';
import { localAddressServesRule } from './rules/director/local-address-serves.js';
import { markForwardRule } from './rules/director/mark-forward.js';
import { methodFitRule } from './rules/director/method-fit.js';
import { mtuRule } from './rules/director/mtu.js';
import { natIcmpSendRule } from './rules/director/nat-icmp-send.js';
import { neighboursRule } from './rules/director/neighbours.js';
import { notAppliedRule } from './rules/director/not-applied.js';
import { offloadsRule } from './rules/director/offloads.js';
import { persistenceRule } from './rules/director/persistence.js';
import { proxyRule } from './rules/director/proxies.js';
import { quiescedRule } from './rules/director/quiesced.js';
import { reachRule } from './rules/director/reach/reach.js';
import { reversePathRule } from './rules/director/reverse-path.js';
import { routerToVipRule } from './rules/director/router-to-vip.js';
import { serverAddressesRule } from './rules/director/server-addresses.js';
import { serverHoldersRule } from './rules/director/server-holders.js';
import { switchedRule } from './rules/director/switched.js';
import { syncRule } from './rules/director/sync.js';
import { syncStreamRule } from './rules/director/sync-stream.js';
import { tableRule } from './rules/director/table.js';
import { unservedRule } from './rules/director/unserved.js';
import { vipFilteredRule } from './rules/director/vip-filtered.js';
import { vipHoldersRule } from './rules/director/vip-holders.js';
import { vipIpv6Rule } from './rules/director/vip-ipv6.js';
import { vipPresentRule } from './rules/director/vip-present.js';
import { serverArpRule } from './rules/real-server/server-arp.js';
import { serverDiscoveryRule } from './rules/real-server/server-discovery.js';
import { serverFilterRule } from './rules/real-server/server-filter.js';
import { serverGatewayRule } from './rules/real-server/server-gateway.js';
import { interfaceTroubles, serverInterfacesRule } from './rules/real-server/server-interfaces.js';
import { serverListensRule } from './rules/real-server/server-listens.js';
import { serverTunnelRule } from './rules/real-server/server-tunnel.js';
import { serverTunnelFilterRule } from './rules/real-server/server-tunnel-filter.js';
import { serverVipRule } from './rules/real-server/server-vip.js';
import { serverVipHoldersRule } from './rules/real-server/server-vip-holders.js';
import { serverWayBackRule } from './rules/real-server/server-way-back.js';
import { tuningRule } from './rules/tuning.js';

const DIRECTOR_RULES: readonly ((facts: DirectorFacts) => readonly Finding[])[] = [
  loadRule,
  notAppliedRule,
  checkedRule,
  serverAddressesRule,
  datapathRule,
  tableRule,
  drainsRule,
  persistenceRule,
  vipPresentRule,
  vipIpv6Rule,
  vipFilteredRule,
  vipHoldersRule,
  serverHoldersRule,
  reachRule,
  natIcmpSendRule,
  methodFitRule,
  localAddressServesRule,
  forwardingRule,
  forwardingIpv6Rule,
  markForwardRule,
  reversePathRule,
  offloadsRule,
  filtersRule,
  ipsecRule,
  interfacesRule,
  clientsRule,
  mtuRule,
  quiescedRule,
  neighboursRule,
  unservedRule,
  syncRule,
  proxyRule,
  switchedRule,
  syncStreamRule,
  apiRule,
  tuningRule,
];

/** Findings of these codes do not explain connections that got no answer. */
const HARMLESS: ReadonlySet<string> = new Set([
  'vip-absent',
  'interface-uncovered',
  'datapath-absent',
  'ipsec-bypassed',
  'ipsec-forward-bypassed',
  'ipsec-by-stack',
  'sync-ended',
  'sync-stream-absent',
  'sync-stream-key',
  'sync-stream-blocked',
  'sync-stream-down',
  'sync-stream-pin',
  'sync-stream-version',
  'api-silent',
]);

function directorFindings(facts: DirectorFacts): readonly Finding[] {
  const found = DIRECTOR_RULES.flatMap((rule) => rule(facts));
  const explained = found.some(({ severity, code }) => severity === 'error' && !HARMLESS.has(code));
  // Who else answers for a VIP, or why this host does not, explains that a router sends its packets elsewhere.
  const nearer = found.some(({ severity, code }) => severity === 'error' && /^(vip|interface)-/.test(code));
  const routers = nearer ? [] : routerToVipRule(facts);
  const dropping = dropsRule(facts, explained);
  const full = dropping.some(({ code }) => code === 'table-full' || code === 'table-evicts');
  return [...found, ...routers, ...dropping, ...dropPacketRule(facts), ...fillRule(facts, full), ...halfOpenRule(facts, explained)];
}

const SERVER_RULES: readonly ((facts: RealServerFacts) => readonly Finding[])[] = [
  serverInterfacesRule,
  serverVipRule,
  serverArpRule,
  serverGatewayRule,
  serverWayBackRule,
  serverTunnelRule,
  serverTunnelFilterRule,
  serverDiscoveryRule,
  serverFilterRule,
  serverListensRule,
  serverVipHoldersRule,
  tuningRule,
];

/** What an interface that carries nothing has as its consequences. */
const CONSEQUENCES: ReadonlySet<string> = new Set([
  'server-no-gateway',
  'server-gateway-silent',
  'server-gateway-not-director',
  'vip-unanswered',
]);

/** Findings about a tunnel device that the VIP was on. */
const LOSE_VIP: ReadonlySet<string> = new Set(['server-tunnel-absent', 'server-tunnel-down', 'server-tunnel-mtu']);

function familyFindings(facts: RealServerFacts): readonly Finding[] {
  const troubles = interfaceTroubles(facts);
  const all = SERVER_RULES.flatMap((rule) => rule(facts));
  const found = all.some(({ code }) => LOSE_VIP.has(code)) ? all.filter(({ code }) => code !== 'server-vip-absent') : all;
  return [...troubles, ...(troubles.length === 0 ? found : found.filter(({ code }) => !CONSEQUENCES.has(code)))];
}

/** The findings about a real server by both families; what is about the host itself, once. */
function serverFindings(facts: RealServerFacts): readonly Finding[] {
  const found = familyFindings(facts);
  const more = facts.other === undefined ? [] : familyFindings(facts.other);
  return [...found, ...more.filter(({ code, what }) => !found.some((one) => one.code === code && one.what === what))];
}

export function diagnose(facts: Facts): readonly Finding[] {
  if (facts.role === 'vrrp') return [];
  const found = facts.role === 'director' ? directorFindings(facts) : serverFindings(facts);
  const notExamined = facts.notExamined.map((spot): Finding => ({ severity: 'info', code: 'not-looked-at', ...spot }));
  return sortedFindings([...found, ...notExamined]);
}
