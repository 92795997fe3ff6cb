// The policy rules of firewall marks: which there must be, and the steps that lead there. Pure.
//
//   0:  from all iif weir1 lookup local     what no service takes goes on past the marks
//   0:  from all iif weir1 lookup main
//   1:  from all fwmark 0x3 lookup weir's   a rule for each mark of a living service: to weir0
//   1:  from all lookup local               moved here from 0: a VIP of this host would be delivered before its mark is asked for
//
// Each step leaves a rule for local addresses, so a process that is killed between two leaves a host that works; the next settling goes on.
import type { HostRule } from '../../../model/keepalived/network.js';
import { RouteProtocol, RouteTable } from '../../../wire/rtnetlink-route.js';
import type { RuleSeen } from '../../../wire/rtnetlink-rule.js';
import { PAIR } from './pair.js';

/** "weir", as a number: of the table with the route to weir0. */
export const MARK_TABLE = 0x77656972;
/** Whose rules and routes they are: systemd-networkd removes those of others when it starts, but not the kernel's. */
export const MARK_PROTOCOL = RouteProtocol.kernel;
const [BEFORE_LOCAL, MARKS] = [0, 1];
const WHOLE_MARK = 0xffffffff;

export interface RuleStep {
  readonly kind: 'append' | 'delete';
  readonly rule: HostRule;
}

function ruleOf(
  preference: number,
  table: number,
  more: Pick<HostRule, 'fwmark' | 'iif'> = {},
  protocol: number = MARK_PROTOCOL,
): HostRule {
  return { family: 'inet', not: false, l3mdev: false, noTrack: false, protocol, preference, action: { kind: 'table', table }, ...more };
}

const markRule = (mark: number): HostRule => ruleOf(MARKS, MARK_TABLE, { fwmark: { mark, mask: WHOLE_MARK } });
const farRule = (table: number): HostRule => ruleOf(BEFORE_LOCAL, table, { iif: PAIR.far });
const localRule = (protocol: number): HostRule => ruleOf(BEFORE_LOCAL, RouteTable.local, {}, protocol);
const movedLocalRule = ruleOf(MARKS, RouteTable.local);
const FAR_TABLES = [RouteTable.local, RouteTable.main] as const;

const append = (rule: HostRule): RuleStep => ({ kind: 'append', rule });
const remove = (rule: HostRule): RuleStep => ({ kind: 'delete', rule });
const times = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one);

interface Present {
  readonly marks: readonly { readonly at: number; readonly mark: number }[];
  readonly far: readonly number[];
  /** Rules for local addresses: by the protocol of who made them, and the places of those that weir has moved. */
  readonly local: readonly number[];
  readonly moved: readonly number[];
}

function presentIn(rules: readonly RuleSeen[]): Present {
  const found = { marks: [] as { at: number; mark: number }[], far: [] as number[], local: [] as number[], moved: [] as number[] };
  rules.forEach(({ preference, table, protocol, mark, iif, plain }, at) => {
    if (!plain) return;
    const ours = protocol === MARK_PROTOCOL;
    if (ours && preference === MARKS && table === MARK_TABLE) found.marks.push({ at, mark });
    else if (ours && preference === BEFORE_LOCAL && iif === PAIR.far) found.far.push(table);
    else if (table !== RouteTable.local || mark !== 0 || iif !== undefined) return;
    else if (preference === BEFORE_LOCAL) found.local.push(protocol);
    else if (ours && preference === MARKS) found.moved.push(at);
  });
  return found;
}

function stepsToNone({ marks, far, local, moved }: Present): readonly RuleStep[] {
  return [
    ...(local.length === 0 && moved.length > 0 ? [append(localRule(RouteProtocol.kernel))] : []),
    ...marks.map(({ mark }) => remove(markRule(mark))),
    ...moved.map(() => remove(movedLocalRule)),
    ...far.map((table) => remove(farRule(table))),
  ];
}

/**
 * `rules`: all of IPv4, in the kernel's order. Of equal preferences the kernel puts the last one made behind the others, and a deletion takes
 * the first one that fits.
 */
export function markRuleSteps(rules: readonly RuleSeen[], marks: readonly number[]): readonly RuleStep[] {
  const present = presentIn(rules);
  if (marks.length === 0) return stepsToNone(present);
  const { local, moved, far } = present;
  const missing = marks.filter((mark) => !present.marks.some((one) => one.mark === mark));
  const last = moved.at(-1);
  const isBehind = missing.length === 0 && last !== undefined && present.marks.every(({ at }) => at < last);
  // Where a person has moved or removed the rule for local addresses, it stays there.
  const moves = (local.length > 0 || moved.length > 0) && !isBehind;
  const farMissing = local.length > 0 ? FAR_TABLES : FAR_TABLES.filter((table) => !far.includes(table));
  return [
    ...missing.map((mark) => append(markRule(mark))),
    ...(moves ? [append(movedLocalRule)] : []),
    ...times(moves ? moved.length : Math.max(0, moved.length - 1), remove(movedLocalRule)),
    // A deletion of the kernel's rule would take one of these for it.
    ...(local.length > 0 ? far.map((table) => remove(farRule(table))) : []),
    ...local.map((protocol) => remove(localRule(protocol))),
    ...farMissing.map((table) => append(farRule(table))),
    ...present.marks.filter(({ mark }) => !marks.includes(mark)).map(({ mark }) => remove(markRule(mark))),
  ];
}
