// The steps lead from any list of rules to the wanted one, wherever they stop on the way, and a rule for local addresses is always there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import type { Family } from '../../../model/address.js';
import type { HostRule } from '../../../model/keepalived/network.js';
import { appendRule, decodeRule, deleteRule, type RuleSeen } from '../../../wire/rtnetlink-rule.js';
import { MARK_PROTOCOL, MARK_TABLE, markRuleSteps, type RuleStep } from './mark-rules.js';

const LOCAL = 255;
const rule = (preference: number, table: number, more: Partial<RuleSeen> = {}): RuleSeen => ({
  preference,
  table,
  protocol: 2,
  mark: 0,
  bySource: false,
  plain: true,
  ...more,
});
const IPV6_KERNEL: readonly RuleSeen[] = [rule(0, LOCAL), rule(32766, 254)];
const KERNEL: readonly RuleSeen[] = [...IPV6_KERNEL, rule(32767, 253)];
/** What the kernel has before weir, of each family. */
const BEFORE: Readonly<Record<Family, readonly RuleSeen[]>> = { inet: KERNEL, inet6: IPV6_KERNEL };

function seenOf({ preference = 0, action, fwmark, iif, ipProtocol, protocol = 0 }: HostRule): RuleSeen {
  const table = action.kind === 'table' ? action.table : 0;
  return rule(preference, table, {
    protocol,
    mark: fwmark?.mark ?? 0,
    ...(iif === undefined ? {} : { iif }),
    ...(ipProtocol === undefined ? {} : { ipProtocol }),
  });
}

/** As the kernel: appended behind those of its preference; the first one that fits is deleted. */
function after(rules: readonly RuleSeen[], { kind, rule: host }: RuleStep): readonly RuleSeen[] {
  const one = seenOf(host);
  if (kind === 'append') {
    const at = rules.findIndex(({ preference }) => preference > one.preference);
    return at < 0 ? [...rules, one] : [...rules.slice(0, at), one, ...rules.slice(at)];
  }
  const at = rules.findIndex(
    (other) =>
      other.preference === one.preference &&
      other.table === one.table &&
      other.protocol === one.protocol &&
      (one.mark === 0 || other.mark === one.mark) &&
      (one.iif === undefined || other.iif === one.iif) &&
      (one.ipProtocol === undefined || other.ipProtocol === one.ipProtocol),
  );
  assert.ok(at >= 0, `there is no rule ${JSON.stringify(one)}`);
  return rules.filter((_, k) => k !== at);
}

const run = (rules: readonly RuleSeen[], marks: readonly number[], family: Family = 'inet'): readonly RuleSeen[] =>
  markRuleSteps(family, rules, marks).reduce(after, rules);
const wanted = (marks: readonly number[], family: Family = 'inet'): readonly RuleSeen[] => [
  ...(family === 'inet6' ? [rule(0, LOCAL, { ipProtocol: 58, protocol: MARK_PROTOCOL })] : []),
  rule(0, LOCAL, { iif: 'weir1', protocol: MARK_PROTOCOL }),
  rule(0, 254, { iif: 'weir1', protocol: MARK_PROTOCOL }),
  ...marks.map((mark) => rule(1, MARK_TABLE, { mark, protocol: MARK_PROTOCOL })),
  rule(1, LOCAL, { protocol: MARK_PROTOCOL }),
  ...BEFORE[family].slice(1),
];

test('the first mark, another one, none', () => {
  for (const family of ['inet', 'inet6'] as const) {
    const of = (...marks: readonly number[]): readonly RuleSeen[] => wanted(marks, family);
    assert.deepEqual(run(BEFORE[family], [], family), BEFORE[family]);
    assert.deepEqual(run(BEFORE[family], [3], family), of(3));
    assert.deepEqual(run(of(3), [3, 4], family), of(3, 4));
    assert.deepEqual(run(of(3, 4), [4], family), of(4));
    assert.deepEqual(markRuleSteps(family, of(4), [4]), []);
    assert.deepEqual(run(of(4), [], family), BEFORE[family]);
  }
});

test('a rule for local addresses that a person has moved stays where it is', () => {
  const moved = [rule(100, LOCAL, { protocol: 3 }), ...KERNEL.slice(1)];
  assert.deepEqual(run(run(moved, [3]), []), moved);
  assert.deepEqual(
    run(moved, [3]).filter(({ table, iif }) => table === LOCAL && iif === undefined),
    [moved[0]],
  );
});

test('stopped anywhere and again, each step leaves a rule for local addresses', () => {
  const marks = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });
  const turns = fc.array(fc.record({ marks, stop: fc.nat(12) }), { maxLength: 8 });
  fc.assert(
    fc.property(turns, marks, fc.constantFrom<Family>('inet', 'inet6'), (history, last, family) => {
      const isLocal = ({ table, iif, ipProtocol, mark }: RuleSeen): boolean =>
        table === LOCAL && iif === undefined && ipProtocol === undefined && mark === 0;
      let rules = BEFORE[family];
      for (const { marks: now, stop } of history) {
        for (const step of markRuleSteps(family, rules, now).slice(0, stop)) {
          rules = after(rules, step);
          assert.ok(rules.some(isLocal));
        }
      }
      rules = run(rules, last, family);
      assert.deepEqual(markRuleSteps(family, rules, last), []);
      const sorted = (list: readonly RuleSeen[]): readonly string[] => list.map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(sorted(rules), sorted(last.length === 0 ? BEFORE[family] : wanted(last, family)));
      const local = rules.findIndex(isLocal);
      assert.ok(last.every((mark) => rules.findIndex((one) => one.mark === mark) < local));
      assert.deepEqual(run(rules, [], family), BEFORE[family]);
    }),
  );
});

test('a rule is read as it was written', () => {
  for (const { rule: host } of markRuleSteps('inet6', IPV6_KERNEL, [0x80000003])) {
    for (const request of [appendRule(host), deleteRule(host)]) assert.deepEqual(decodeRule(request.payload), seenOf(host));
  }
  assert.equal(decodeRule(new Uint8Array(4)), undefined);
});
