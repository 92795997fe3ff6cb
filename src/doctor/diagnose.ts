// Applies all rules of a role to its facts. Pure.

import { type Finding, sortedFindings } from '../model/finding.js';
import type { DirectorFacts, Facts, RealServerFacts } from './facts.js';
import { datapathRule } from './rules/director/datapath.js';
import { filtersRule } from './rules/director/filters.js';
import { forwardingRule } from './rules/director/forwarding.js';
import { loadRule } from './rules/director/load.js';
import { methodFitRule } from './rules/director/method-fit.js';
import { offloadsRule } from './rules/director/offloads.js';
import { reachRule } from './rules/director/reach.js';
import { reversePathRule } from './rules/director/reverse-path.js';
import { serverHoldersRule } from './rules/director/server-holders.js';
import { tableRule } from './rules/director/table.js';
import { vipHoldersRule } from './rules/director/vip-holders.js';
import { vipPresentRule } from './rules/director/vip-present.js';
import { serverArpRule } from './rules/real-server/server-arp.js';
import { serverGatewayRule } from './rules/real-server/server-gateway.js';
import { serverVipRule } from './rules/real-server/server-vip.js';
import { serverVipHoldersRule } from './rules/real-server/server-vip-holders.js';

const DIRECTOR_RULES: readonly ((facts: DirectorFacts) => readonly Finding[])[] = [
  loadRule,
  datapathRule,
  tableRule,
  vipPresentRule,
  vipHoldersRule,
  serverHoldersRule,
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
  serverVipHoldersRule,
];

export function diagnose(facts: Facts): readonly Finding[] {
  if (facts.role === 'vrrp') return [];
  const found = facts.role === 'director' ? DIRECTOR_RULES.flatMap((rule) => rule(facts)) : SERVER_RULES.flatMap((rule) => rule(facts));
  const notExamined = facts.notExamined.map((spot): Finding => ({ severity: 'info', code: 'not-looked-at', ...spot }));
  return sortedFindings([...found, ...notExamined]);
}
