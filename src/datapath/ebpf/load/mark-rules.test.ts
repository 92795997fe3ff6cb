// The steps lead from any list of rules to the wanted one, wherever they stop on the way, and a rule for local addresses is always there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import type { HostRule } from '../../../model/keepalived/network.js';
import { appendRule, decodeRule, deleteRule, type RuleSeen } from '../../../wire/rtnetlink-rule.js';
import { MARK_PROTOCOL, MARK_TABLE, markRuleSteps, type RuleStep } from './mark-rules.js';

const LOCAL = 255;
const rule = (preference: number, table: number, more: Partial<RuleSeen> = {}): RuleSeen => ({
  preference,
  table,
  protocol: 2,
  mark: 0,
  plain: true,
  ...more,
});
const KERNEL: readonly RuleSeen[] = [rule(0, LOCAL), rule(32766, 254), rule(32767, 253)];

function seenOf({ preference = 0, action, fwmark, iif, protocol = 0 }: HostRule): RuleSeen {
  const table = action.kind === 'table' ? action.table : 0;
  return rule(preference, table, { protocol, mark: fwmark?.mark ?? 0, ...(iif === undefined ? {} : { iif }) });
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
      (one.iif === undefined || other.iif === one.iif),
  );
  assert.ok(at >= 0, `there is no rule ${JSON.stringify(one)}`);
  return rules.filter((_, k) => k !== at);
}

const run = (rules: readonly RuleSeen[], marks: readonly number[]): readonly RuleSeen[] => markRuleSteps(rules, marks).reduce(after, rules);
const wanted = (marks: readonly number[]): readonly RuleSeen[] => [
  rule(0, LOCAL, { iif: 'weir1', protocol: MARK_PROTOCOL }),
  rule(0, 254, { iif: 'weir1', protocol: MARK_PROTOCOL }),
  ...marks.map((mark) => rule(1, MARK_TABLE, { mark, protocol: MARK_PROTOCOL })),
  rule(1, LOCAL, { protocol: MARK_PROTOCOL }),
  ...KERNEL.slice(1),
];

test('the first mark, another one, none', () => {
  assert.deepEqual(run(KERNEL, []), KERNEL);
  assert.deepEqual(run(KERNEL, [3]), wanted([3]));
  assert.deepEqual(run(wanted([3]), [3, 4]), wanted([3, 4]));
  assert.deepEqual(run(wanted([3, 4]), [4]), wanted([4]));
  assert.deepEqual(markRuleSteps(wanted([4]), [4]), []);
  assert.deepEqual(run(wanted([4]), []), KERNEL);
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
    fc.property(turns, marks, (history, last) => {
      let rules = KERNEL;
      for (const { marks: now, stop } of history) {
        for (const step of markRuleSteps(rules, now).slice(0, stop)) {
          rules = after(rules, step);
          assert.ok(rules.some(({ table, iif, mark }) => table === LOCAL && iif === undefined && mark === 0));
        }
      }
      rules = run(rules, last);
      assert.deepEqual(markRuleSteps(rules, last), []);
      const sorted = (list: readonly RuleSeen[]): readonly string[] => list.map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(sorted(rules), sorted(last.length === 0 ? KERNEL : wanted(last)));
      const local = rules.findIndex(({ table, iif }) => table === LOCAL && iif === undefined);
      assert.ok(last.every((mark) => rules.findIndex((one) => one.mark === mark) < local));
      assert.deepEqual(run(rules, []), KERNEL);
    }),
  );
});

test('a rule is read as it was written', () => {
  for (const { rule: host } of markRuleSteps(KERNEL, [0x80000003])) {
    for (const request of [appendRule(host), deleteRule(host)]) assert.deepEqual(decodeRule(request.payload), seenOf(host));
  }
  assert.equal(decodeRule(new Uint8Array(4)), undefined);
});
