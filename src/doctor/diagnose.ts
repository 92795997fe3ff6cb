// All rules over all facts. Pure: the same facts, the same findings.

import { type Finding, sortedFindings } from '../model/finding.js';
import type { DirectorFacts, Facts, RealServerFacts } from './facts.js';
import { datapathRule } from './rules/datapath.js';
import { filtersRule } from './rules/filters.js';
import { forwardingRule } from './rules/forwarding.js';
import { methodFitRule } from './rules/method-fit.js';
import { offloadsRule } from './rules/offloads.js';
import { reachRule } from './rules/reach.js';
import { reversePathRule } from './rules/reverse-path.js';
import { serverArpRule } from './rules/server-arp.js';
import { serverDuelRule } from './rules/server-duel.js';
import { serverGatewayRule } from './rules/server-gateway.js';
import { serverVipRule } from './rules/server-vip.js';
import { serverWireRule } from './rules/server-wire.js';
import { tableRule } from './rules/table.js';
import { vipDuelRule } from './rules/vip-duel.js';
import { vipPresentRule } from './rules/vip-present.js';

const DIRECTOR_RULES: readonly ((facts: DirectorFacts) => readonly Finding[])[] = [
  datapathRule,
  tableRule,
  vipPresentRule,
  vipDuelRule,
  serverDuelRule,
  reachRule,
  methodFitRule,
  forwardingRule,
  reversePathRule,
  offloadsRule,
  filtersRule,
];

const SERVER_RULES: readonly ((facts: RealServerFacts) => readonly Finding[])[] = [
  serverVipRule,
  serverArpRule,
  serverGatewayRule,
  serverWireRule,
];

export function diagnose(facts: Facts): readonly Finding[] {
  if (facts.role === 'vrrp') return [];
  const found = facts.role === 'director' ? DIRECTOR_RULES.flatMap((rule) => rule(facts)) : SERVER_RULES.flatMap((rule) => rule(facts));
  const blind = facts.blind.map((spot): Finding => ({ severity: 'info', code: 'not-looked-at', ...spot }));
  return sortedFindings([...found, ...blind]);
}
