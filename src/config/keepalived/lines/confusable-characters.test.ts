// Characters that only look like syntax, and passwords that a comment cuts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../test/support/keepalived.js';

const notices = (text: string): readonly string[] =>
  readText(text)
    .read.diagnostics.filter(({ severity }) => severity === 'notice')
    .map(({ at, text: reported, hint }) => `${at.line}:${at.column} ${reported} (${hint})`);

test('a typographic quote, a hard blank, a dash and a full-width brace are reported at their places', () => {
  for (const [line, start] of [
    ['script “/etc/c.sh”', "2:8 '“' (U+201C) is an ordinary character, not syntax (write a double quote"],
    ['interval\u00a02', '2:9 U+00A0 is an ordinary character, not syntax (write a blank'],
    ['weight –20', "2:8 '–' (U+2013) is an ordinary character, not syntax (write a hyphen"],
    ['｝', "2:1 '｝' (U+FF5D) is an ordinary character, not syntax (write '}'"],
    ['\u200bfall 2', '2:1 U+200B is an ordinary character, not syntax (remove it'],
  ] as const) {
    const [reported = 'nothing'] = notices(`vrrp_script s {\n${line}\n}\n`);
    assert.ok(reported.startsWith(start), `${line}: ${reported}`);
  }
});

test('they are not reported inside double quotes and comments', () => {
  assert.deepEqual(notices('global_defs {\nrouter_id "a–b" # “so”\n! ｛\n}\n'), []);
});

const password = (line: string): string =>
  `vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 1\nauthentication {\nauth_type PASS\n${line}\n}\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n`;

test('a comment that cuts a password is reported', () => {
  const reported = ' begins a comment: auth_pass ends before it';
  assert.match(notices(password('auth_pass ab#cd'))[0] ?? '', new RegExp(`^6:13 '#'${reported}`));
  assert.match(notices(password('auth_pass secret!'))[0] ?? '', new RegExp(`^6:17 '!'${reported}`));
  assert.match(notices(password('auth_pass #secret'))[0] ?? '', new RegExp(`^6:11 '#'${reported}`));
  for (const line of ['auth_pass "ab#cd"', 'auth_pass abcd # ours', 'auth_pass abcd !ours', 'auth_pass # later'])
    assert.deepEqual(notices(password(line)), [], line);
});
