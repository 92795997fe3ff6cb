// Every rule both ways: it finds the bad file, and has no finding about the good one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LintCase } from '../../../../test/support/lint-case.js';
import { lintNode } from '../../../../test/support/lint-node.js';
import { PAIR_CASES } from '../../../../test/support/lint-pair-cases.js';
import { SINGLE_CASES } from '../../../../test/support/lint-single-cases.js';
import { findingText } from '../../../model/finding.js';
import { lint, lintVerdicts } from './lint.js';
import type { LintFinding } from './rule.js';

const NOTHING_KEPT = { addresses: false, servers: false };

function run(
  texts: readonly string[],
  leavesBehind = NOTHING_KEPT,
  scripts: Readonly<Record<string, string>> = {},
  troubles: Readonly<Record<string, string>> = {},
): readonly LintFinding[] {
  const more = { leavesBehind, scripts: new Map(Object.entries(scripts)), troublesOfAuthorities: new Map(Object.entries(troubles)) };
  return lint(texts.map((text, index) => lintNode(`${'ab'[index] ?? 'c'}.conf`, text, more)));
}

const codes = (findings: readonly LintFinding[]): readonly string[] => findings.map(({ code }) => code);

/** Some verdicts are there only while weir does not have something yet, others from then on. */
const CASES: readonly LintCase[] = [...PAIR_CASES, ...SINGLE_CASES].filter(({ code }) =>
  lintVerdicts.some((verdict) => verdict.code === code),
);

for (const { code, bad, good, leavesBehind, goodLeavesBehind, scripts, goodScripts, troubles, line } of CASES) {
  test(`${code} is found in the bad files only`, () => {
    const findings = run(bad, leavesBehind, scripts, troubles);
    const found = findings.find((one) => one.code === code);
    assert.ok(found, `found only ${codes(findings).join(', ')}`);
    assert.equal(found.severity, lintVerdicts.find((verdict) => verdict.code === code)?.severity);
    if (line !== undefined) assert.equal(found.at.line, line, `${found.at.file}:${found.at.line}`);
    assert.ok(!codes(run(good, goodLeavesBehind, goodScripts ?? {})).includes(code));
  });
}

test('texts are sentences: no value that is not one, no number for programs, no word twice', () => {
  const odd = /\[object|\bundefined\b|\bNaN\b|\binet6?\/|\b(\p{L}+) \1\b/u;
  const texts = CASES.flatMap(({ bad, leavesBehind, scripts, troubles }) => run(bad, leavesBehind, scripts, troubles).map(findingText));
  assert.deepEqual(
    texts.filter((text) => odd.test(text)),
    [],
  );
  const twice = run([CASES.find(({ code }) => code === 'vrid-twice-on-one-node')?.bad[0] ?? '']);
  assert.match(twice[0]?.cause ?? '', /^VRID 51 is V1's on eth0; V2 is not started$/);
});

test('every verdict has a case', () => {
  const tried = new Set(CASES.map(({ code }) => code));
  assert.deepEqual(
    lintVerdicts.map(({ code }) => code).filter((code) => !tried.has(code)),
    [],
  );
});

test('commands that stop keepalived, and commands that only look like it', () => {
  const found = (command: string): boolean => {
    const text = `vrrp_script s {\nscript "/bin/sh -c '${command}'"\n}\nvrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\n}\n`;
    return codes(run([text])).includes('script-stops-keepalived');
  };
  for (const command of [
    'systemctl --no-block stop keepalived.service',
    '/usr/sbin/service keepalived stop',
    '/etc/init.d/keepalived stop',
    'killall -9 keepalived',
    'pkill keepalived',
    'kill $(cat /run/keepalived.pid)',
    'kill -TERM $(pidof keepalived)',
  ]) {
    assert.ok(found(command), command);
  }
  for (const command of [
    'killall -0 keepalived',
    'pkill -HUP keepalived',
    'kill -0 $(cat /run/keepalived.pid)',
    'systemctl is-active keepalived',
    'pidof keepalived',
  ]) {
    assert.ok(!found(command), command);
  }
});
