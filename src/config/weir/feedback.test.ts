// The section feedback of a weir.yaml: its defaults, its example, and what is wrong with one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from '../../../test/support/project.js';
import { CONFIGURED_DEFAULTS } from '../../model/feedback/feedback-settings.js';
import { targetWord } from '../../model/feedback/feedback-target.js';
import { faultText, readWeirFile } from './read.js';

test('the example is read', () => {
  const { file, faults } = readWeirFile(read('examples/feedback/weir.yaml'));
  assert.deepEqual([faults, file.feedback?.length], [[], 2]);
});

const FILE = `feedback:
  tcp:192.0.2.1:80: {}
  udp:[2001:db8::1]:53:
    source: node-exporter
    path: /other
    period: 10s
    ceiling: 200%
  mark:5: { source: agent-weight, port: 9000, law: cube-root, scale: 100, dead_band: 5% }
`;

test('each service has the defaults, and what it changes', () => {
  const { file, faults } = readWeirFile(FILE);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    file.feedback?.map(({ key, source, settings }) => [
      targetWord(key),
      source.kind,
      source.port,
      source.path,
      settings.periodUs,
      settings.law.kind,
    ]),
    [
      ['tcp:192.0.2.1:80', 'weir-load', 8088, '/weir-load', 5_000_000, 'served-per-busy'],
      ['udp:[2001:db8::1]:53', 'node-exporter', 9100, '/other', 10_000_000, 'served-per-busy'],
      ['mark:5', 'agent-weight', 9000, '', 5_000_000, 'cube-root'],
    ],
  );
  assert.deepEqual(file.feedback?.[0]?.settings, CONFIGURED_DEFAULTS);
  assert.deepEqual([file.feedback?.[1]?.settings.ceiling, file.feedback?.[2]?.settings.deadBand], [2, 0.05]);
});

test('what is wrong is named with its place', () => {
  const faultsOf = (text: string): string =>
    readWeirFile(text)
      .faults.map((fault) => faultText('w', fault))
      .join('\n');
  const cases: readonly (readonly [string, RegExp])[] = [
    ['feedback:\n  tcp:192.0.2.1:99999: {}\n', /^w:2:3: .*service/],
    ['feedback:\n  web: {}\n', /^w:2:3: /],
    ['feedback:\n  mark:5: { period: 1s }\n', /^w:2:21: .*5s/],
    ['feedback:\n  mark:5: { sauce: orca }\n', /^w:2:13: .*sauce/],
    ['feedback:\n  mark:5: { source: agent-idle, path: /x }\n', /^w:2:39: .*no path/],
    ['feedback:\n  mark:5: { floor: 150% }\n', /^w:2:20: .*floor/],
    ['feedback:\n  mark:5: { ceiling: 50% }\n', /^w:2:22: .*ceiling/],
  ];
  for (const [text, pattern] of cases) assert.match(faultsOf(text), pattern, text);
});
