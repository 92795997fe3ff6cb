// Any words behind any keywords: something is built or reported, nothing throws, and the model keeps its bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived-text.js';
import fc from '../../../../../test/support/properties.js';
import type { Keyword } from '../../keyword.js';
import { rootKeywords } from '../../keywords/root.js';

const words = [
  '1',
  '0',
  '255',
  '-1',
  '0.5',
  '99999999999',
  'on',
  'off',
  'MASTER',
  'eth0',
  '10.99.0.1',
  '10.99.0.1/24',
  'fe80::1',
  '224.0.0.9',
  'ff02::9',
  'all',
  'weight',
  'reverse',
  'name',
  'group',
  '"a b"',
  "'",
  '/bin/true',
  '02:00:00:00:00:01',
  'IRUSR|',
  'dev',
  'table',
];
const word = fc.constantFrom(...words);

/** A line of the keyword: words, or lines or a block of its table in braces. */
function statement(keyword: Keyword, depth: number): fc.Arbitrary<string> {
  const name = fc.constantFrom(keyword.name, ...(keyword.aliases ?? []));
  const line = fc.tuple(name, fc.array(word, { minLength: 1, maxLength: 4 })).map(([first, rest]) => [first, ...rest].join(' '));
  const { argument } = keyword;
  if (argument.kind === 'lines') {
    return fc
      .tuple(name, fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { maxLength: 3 }))
      .map(([first, lines]) => `${first} {\n${lines.map((each) => each.join(' ')).join('\n')}\n}`);
  }
  if (argument.kind !== 'block' || depth === 0) return line;
  const inside = fc.array(
    fc.constantFrom(...argument.keywords()).chain((inner) => statement(inner, depth - 1)),
    { maxLength: 6 },
  );
  const label = argument.label === 0 ? '' : 'V1 ';
  return fc.tuple(name, inside).map(([first, lines]) => `${first} ${label}{\n${lines.join('\n')}\n}`);
}

const vrrp = rootKeywords.filter(({ name }) => !name.startsWith('virtual_server') && name !== 'SSL');
const file = fc
  .array(
    fc.constantFrom(...vrrp).chain((keyword) => statement(keyword, 2)),
    { maxLength: 6 },
  )
  .map((lines) => lines.join('\n'));
const whole = fc
  .array(
    fc.constantFrom(...vrrp.filter(({ name }) => name === 'vrrp_instance')).chain((keyword) => statement(keyword, 2)),
    { minLength: 1, maxLength: 2 },
  )
  .map((blocks) =>
    blocks
      .map((block, at) =>
        block
          .replace('{\n', `{\ninterface eth${at}\nvirtual_router_id ${at + 1}\nvirtual_ipaddress {\n10.0.0.${at + 1}\n}\n`)
          .replace('V1', `V${at}`),
      )
      .join('\n'),
  );

test('any file is built or reported', () => {
  fc.assert(
    fc.property(fc.oneof(file, whole), (text) => {
      const read = readText(text);
      if (read.diagnostics.some(({ severity }) => severity === 'fatal')) return;
      for (const { vrid, priority, advertUs, version, addresses } of read.configuration.instances) {
        assert.ok(vrid >= 1 && vrid <= 255 && priority >= 1 && priority <= 255 && addresses.length <= 255);
        assert.ok(version === 2 ? advertUs % 1_000_000 === 0 : advertUs % 10_000 === 0 && advertUs <= 40_950_000);
      }
      structuredClone(read.configuration);
    }),
    { numRuns: 300 },
  );
});
