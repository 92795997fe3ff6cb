import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInstance, readText } from '../../../../../test/support/keepalived-text.js';

const inGlobal = (...lines: string[]): string[] => ['global_defs {', ...lines, '}'];

test('garp_extra_if of an instance and of global_defs', () => {
  const extra = (lines: string[], before: string[] = []) => {
    const { instance, errors } = readInstance(lines, before);
    return { us: instance?.garp.extraInterfaceUs, all: instance?.garp.extraInterfaceAll, errors };
  };
  assert.deepEqual(extra(['garp_extra_if 100']), { us: 100_000_000, all: false, errors: [] });
  assert.deepEqual(extra(['garp_extra_if all 100']), { us: 100_000_000, all: true, errors: [] });
  assert.deepEqual(extra(['garp_extra_if 0'], inGlobal('vrrp_garp_extra_if 7')), { us: 0, all: false, errors: [] });
  assert.deepEqual(extra([], inGlobal('vrrp_garp_extra_if all 7')), { us: 7_000_000, all: true, errors: [] });
  assert.deepEqual(extra(['garp_extra_if all']).errors, ['(V1): garp_extra_if specified without time - ignoring']);
  assert.deepEqual(extra(['garp_extra_if 86401']).errors, [
    "number '86401' outside range [0, 86400]",
    "(V1): garp_extra_if '86401' invalid - ignoring",
  ]);
  assert.deepEqual(extra([], inGlobal('vrrp_garp_extra_if 0')).errors, [
    "number '0' outside range [1, 86400]",
    "vrrp_garp_extra_if '0' invalid - ignoring",
  ]);
  assert.deepEqual(extra(['vmac_garp_intvl 100']).errors, ['Keyword "vmac_garp_intvl" is deprecated - please use "garp_extra_if"']);
});

test('a count of 0 is 1, and vrrp_min_garp is one set of one', () => {
  const { instance, errors } = readInstance(
    ['garp_master_repeat 0', 'garp_master_refresh_repeat 0'],
    inGlobal('vrrp_garp_master_repeat 0'),
  );
  assert.equal(instance?.garp.masterRepeat, 1);
  assert.equal(instance.garp.masterRefreshRepeat, 1);
  const must = (name: string): string => `${name} must be greater than 0, setting to 1`;
  assert.deepEqual(errors, [must('vrrp_garp_master_repeat'), must('(V1): garp_master_repeat'), must('(V1): garp_master_refresh_repeat')]);
  const { instance: minimal } = readInstance([], inGlobal('vrrp_min_garp'));
  assert.equal(minimal?.garp.masterRepeat, 1);
  assert.equal(minimal.garp.masterDelayUs, 0);
});

test('garp_group: interfaces that share a rate limit', () => {
  const { configuration, errors } = readText(
    'garp_group {\ngarp_interval 0.001\ninterfaces {\neth0 eth1\n}\n}\ngarp_group {\ngna_interval 1\ninterface eth1\ninterface eth2\n}\ngarp_group {\ninterface eth3\n}',
  );
  assert.deepEqual(configuration.global.garpGroups, [
    { garpIntervalUs: 1_000, gnaIntervalUs: 0, interfaces: ['eth0', 'eth1'] },
    { garpIntervalUs: 0, gnaIntervalUs: 1_000_000, interfaces: ['eth2'] },
  ]);
  assert.deepEqual(errors, ['garp_group already specified for eth1 - ignoring', 'garp group 2 does not have any delay set - removing']);
  assert.deepEqual(readText('garp_group {\ngarp_interval 1\n}').notices, [
    'garp group 0 does not have any interfaces configured - removing',
  ]);
});
