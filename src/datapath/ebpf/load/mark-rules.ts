// The policy rules of firewall marks: which there must be, and the steps that lead there. Pure.
//
//   0:  from all iif weir1 lookup local     what no service takes goes on past the marks
//   0:  from all iif weir1 lookup main
//   1:  from all fwmark 0x3 lookup weir's   a rule for each mark of a living service: to weir0
//   1:  from all lookup local               moved here from 0: a VIP of this host would be delivered before its mark is asked for
//
// and of IPv6, first of all:
//
//   0:  from all ipproto ipv6-icmp lookup local     neighbour discovery is for the interface that it came in by
//
// Each step leaves a rule for local addresses, so a process that is killed between two leaves a host that works; the next settling goes on.
import type { Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
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

/** A rule of one family, made when the family is known. */
type RuleOf = (family: Family) => HostRule;

const ruleOf =
  (
    preference: number,
    table: number,
    more: Pick<HostRule, 'fwmark' | 'iif' | 'ipProtocol'> = {},
    protocol: number = MARK_PROTOCOL,
  ): RuleOf =>
  (family) => ({ family, not: false, l3mdev: false, noTrack: false, protocol, preference, action: { kind: 'table', table }, ...more });

/** What goes past the marks. */
interface Past extends Pick<HostRule, 'iif' | 'ipProtocol'> {
  readonly table: number;
}

const FAR_END: readonly Past[] = [RouteTable.local, RouteTable.main].map((table) => ({ iif: PAIR.far, table }));
const PAST: Readonly<Record<Family, readonly Past[]>> = {
  inet: FAR_END,
  inet6: [{ ipProtocol: IpProtocol.icmpv6, table: RouteTable.local }, ...FAR_END],
};

const markRule = (mark: number): RuleOf => ruleOf(MARKS, MARK_TABLE, { fwmark: { mark, mask: WHOLE_MARK } });
const pastRule = ({ table, ...selector }: Past): RuleOf => ruleOf(BEFORE_LOCAL, table, selector);
const localRule = (protocol: number): RuleOf => ruleOf(BEFORE_LOCAL, RouteTable.local, {}, protocol);
const movedLocalRule = ruleOf(MARKS, RouteTable.local);

type Step = Omit<RuleStep, 'rule'> & { readonly rule: RuleOf };
const append = (rule: RuleOf): Step => ({ kind: 'append', rule });
const remove = (rule: RuleOf): Step => ({ kind: 'delete', rule });
const times = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one);

interface Present {
  readonly marks: readonly { readonly at: number; readonly mark: number }[];
  readonly past: readonly Past[];
  /** Rules for local addresses: by the protocol of who made them, and the places of those that weir has moved. */
  readonly local: readonly number[];
  readonly moved: readonly number[];
}

function presentIn(rules: readonly RuleSeen[], pasts: readonly Past[]): Present {
  const found = { marks: [] as { at: number; mark: number }[], past: [] as Past[], local: [] as number[], moved: [] as number[] };
  rules.forEach(({ preference, table, protocol, mark, iif, ipProtocol, plain }, at) => {
    if (!plain) return;
    const ours = protocol === MARK_PROTOCOL;
    const past = pasts.find((one) => one.table === table && one.iif === iif && one.ipProtocol === ipProtocol);
    if (ours && preference === MARKS && table === MARK_TABLE) found.marks.push({ at, mark });
    else if (ours && preference === BEFORE_LOCAL && past !== undefined) found.past.push(past);
    else if (table !== RouteTable.local || mark !== 0 || iif !== undefined || ipProtocol !== undefined) return;
    else if (preference === BEFORE_LOCAL) found.local.push(protocol);
    else if (ours && preference === MARKS) found.moved.push(at);
  });
  return found;
}

function stepsToNone({ marks, past, local, moved }: Present): readonly Step[] {
  return [
    ...(local.length === 0 && moved.length > 0 ? [append(localRule(RouteProtocol.kernel))] : []),
    ...marks.map(({ mark }) => remove(markRule(mark))),
    ...moved.map(() => remove(movedLocalRule)),
    ...past.map((one) => remove(pastRule(one))),
  ];
}

function stepsTo(marks: readonly number[], present: Present, pasts: readonly Past[]): readonly Step[] {
  if (marks.length === 0) return stepsToNone(present);
  const { local, moved, past } = present;
  const [known, wanted] = [new Set(present.marks.map(({ mark }) => mark)), new Set(marks)];
  const missing = marks.filter((mark) => !known.has(mark));
  const last = moved.at(-1);
  const isBehind = missing.length === 0 && last !== undefined && present.marks.every(({ at }) => at < last);
  // Where a person has moved or removed the rule for local addresses, it stays there.
  const moves = (local.length > 0 || moved.length > 0) && !isBehind;
  const pastMissing = local.length > 0 ? pasts : pasts.filter((one) => !past.includes(one));
  return [
    ...missing.map((mark) => append(markRule(mark))),
    ...(moves ? [append(movedLocalRule)] : []),
    ...times(moves ? moved.length : Math.max(0, moved.length - 1), remove(movedLocalRule)),
    // A deletion of the kernel's rule would take one of these for it.
    ...(local.length > 0 ? past.map((one) => remove(pastRule(one))) : []),
    ...local.map((protocol) => remove(localRule(protocol))),
    ...pastMissing.map((one) => append(pastRule(one))),
    ...present.marks.filter(({ mark }) => !wanted.has(mark)).map(({ mark }) => remove(markRule(mark))),
  ];
}

/**
 * `rules`: all of the family, in the kernel's order. Of equal preferences the kernel puts the last one made behind the others, and a deletion takes
 * the first one that fits.
 */
export function markRuleSteps(family: Family, rules: readonly RuleSeen[], marks: readonly number[]): readonly RuleStep[] {
  const pasts = PAST[family];
  return stepsTo(marks, presentIn(rules, pasts), pasts).map(({ kind, rule }) => ({ kind, rule: rule(family) }));
}
