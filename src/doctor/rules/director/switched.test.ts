import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { diagnose } from '../../diagnose.js';
import type { SwitchFact } from '../../switch-facts.js';

const right: SwitchFact = { listeners: ['203.0.113.9:80'], uncovered: [], off: [] };
const found = (switched: SwitchFact) =>
  diagnose({ ...director, datapath: { ...director.datapath, switched } }).filter(({ code }) => code.startsWith('switch-'));

test('content switching on all interfaces, with the sysctls that it needs: nothing', () => {
  assert.deepEqual(found(right), []);
});

test('interfaces without it, and sysctls that keep connections from the proxy', () => {
  const [passedBy] = found({ ...right, uncovered: ['eth2'] });
  assert.deepEqual([passedBy?.severity, passedBy?.code, passedBy?.advice], ['error', 'switch-passed-by', 'weir load']);
  assert.match(passedBy?.what ?? '', /no program on eth2/);
  const [off, ...others] = found({ ...right, off: ['net.ipv4.tcp_sack'] });
  assert.deepEqual([off?.severity, off?.code, off?.advice], ['error', 'switch-sysctl-off', 'sysctl -w net.ipv4.tcp_sack=1']);
  assert.deepEqual(others, []);
});
