import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import type { ErrorCode } from './errors/error-table.js';
import { isWeirError } from './errors/weir-error.js';
import type { DestinationSpec, ServiceEntry } from './service.js';
import { acceptedDaemon, checkFamilies, type DaemonRole, type DaemonSpec, daemonSettings, sameDaemon } from './sync-daemon.js';

const daemon = (role: DaemonRole, over: Partial<DaemonSpec> = {}): DaemonSpec => ({ role, interface: 'eth1', syncId: 0, ...over });
const six = { group: ip('ff02::81') };

test('defaults', () => {
  const expected = { interface: 'eth1', syncId: 5, maxLength: 1472, group: ip('224.0.0.81'), port: 8848, ttl: 1 };
  for (const role of ['master', 'backup'] as const) {
    assert.deepEqual(daemonSettings(daemon(role, { syncId: 5 }), 1500), { role, ...expected });
    assert.deepEqual(daemonSettings(daemon(role, { syncId: 5, maxLength: 0, port: 0, ttl: 0 }), 1500), { role, ...expected });
  }
  const given = { syncId: 3, maxLength: 1024, group: ip('239.1.2.3'), port: 65_535, ttl: 255 };
  assert.deepEqual(daemonSettings(daemon('backup', given), 1500), daemon('backup', given));
});

test('lengths of messages, as recorded of a kernel', () => {
  const expected: readonly (readonly [DaemonSpec, mtu: number, maxLength: number])[] = [
    [daemon('master'), 9000, 1472],
    [daemon('master'), 1300, 1472],
    [daemon('master', six), 1500, 1452],
    [daemon('master', { maxLength: 5 }), 1500, 5],
    [daemon('master', { maxLength: 65_507, ...six }), 1500, 65_487],
    [daemon('backup'), 9000, 8972],
    [daemon('backup'), 1300, 1472],
    [daemon('backup'), 65_536, 65_507],
    [daemon('backup', six), 9000, 8952],
    [daemon('backup', { maxLength: 5 }), 1500, 1024],
    [daemon('backup', { maxLength: 65_507 }), 1500, 65_507],
    [daemon('backup', { maxLength: 65_507, ...six }), 1500, 65_487],
  ];
  for (const [spec, mtu, maxLength] of expected)
    assert.equal(daemonSettings(spec, mtu).maxLength, maxLength, `${JSON.stringify(spec)} ${mtu}`);
});

test('why a daemon does not start, in the order of the checks', () => {
  const links: Readonly<Record<string, { readonly mtu: number; readonly isUp: boolean }>> = {
    eth1: { mtu: 9000, isUp: true },
    down: { mtu: 1500, isUp: false },
  };
  const refusal = (spec: DaemonSpec, running: readonly DaemonRole[]): ErrorCode | undefined => {
    try {
      acceptedDaemon(spec, { interface: (name) => links[name], running });
      return undefined;
    } catch (error) {
      return isWeirError(error) ? error.code : assert.fail(String(error));
    }
  };
  assert.equal(refusal(daemon('master', { interface: 'none', group: ip('10.0.0.1') }), ['master']), 'sync-daemon-group');
  assert.equal(refusal(daemon('master', { interface: 'none', peers: [] }), ['master']), 'sync-daemon-peers');
  assert.equal(refusal(daemon('master', { interface: 'none' }), ['master']), 'interface-unknown');
  assert.equal(refusal(daemon('master', { interface: 'down' }), ['master']), 'sync-daemon-exists');
  assert.equal(refusal(daemon('backup'), ['master', 'backup']), 'sync-daemon-exists');
  assert.equal(refusal(daemon('master', { interface: 'down' }), []), 'sync-daemon-unreachable');
  assert.equal(refusal(daemon('backup', { interface: 'down' }), ['master']), undefined);
  assert.equal(refusal(daemon('master', six), ['backup']), undefined);
  const accepted = acceptedDaemon(daemon('backup'), { interface: (name) => links[name], running: ['master'] });
  assert.deepEqual(accepted, daemonSettings(daemon('backup'), 9000));
});

test('peers: unicast addresses of the family of the group, up to sixteen', () => {
  const many = Array.from({ length: 17 }, (_, k) => ip(`10.0.0.${k + 1}`));
  const start = (over: Partial<DaemonSpec>) =>
    acceptedDaemon(daemon('backup', over), { interface: () => ({ mtu: 1500, isUp: true }), running: [] });
  assert.deepEqual(start({ peers: many.slice(1) }).peers, many.slice(1));
  assert.deepEqual(start({ ...six, peers: [ip('fe80::1')] }).peers, [ip('fe80::1')]);
  assert.equal('peers' in start({}), false);
  for (const wrong of [{ peers: many }, { peers: [ip('fd00::1')] }, { ...six, peers: [ip('10.0.0.1')] }, { peers: [ip('224.0.0.5')] }]) {
    assert.throws(
      () => start(wrong),
      (error) => isWeirError(error, 'sync-daemon-peers'),
    );
  }
});

test('daemons with other peers are others', () => {
  const [none, one, other] = [undefined, [ip('10.0.0.1')], [ip('10.0.0.2')]].map((peers) => daemon('backup', peers && { peers })) as [
    DaemonSpec,
    DaemonSpec,
    DaemonSpec,
  ];
  assert.deepEqual(
    [sameDaemon(one, { ...one }), sameDaemon(none, one), sameDaemon(one, none), sameDaemon(one, other)],
    [true, false, false, false],
  );
});

test('a table with a destination of another family is not synchronised', () => {
  const service = (virtual: string, ...servers: readonly string[]) =>
    ({
      spec: { key: { kind: 'address', protocol: 'tcp', address: ip(virtual), port: 80 } },
      destinations: servers.map((server) => ({ spec: { address: ip(server) } as DestinationSpec })),
    }) as unknown as ServiceEntry;
  const mark = { spec: { key: { kind: 'fwmark', family: 'inet6', mark: 1 } }, destinations: [{ spec: { address: ip('10.0.0.1') } }] };
  checkFamilies([]);
  checkFamilies([service('10.0.0.9', '10.0.0.1'), service('2001:db8::9', '2001:db8::1', '2001:db8::2')]);
  for (const wrong of [
    service('10.0.0.9', '10.0.0.1', '2001:db8::1'),
    service('2001:db8::9', '10.0.0.1'),
    mark as unknown as ServiceEntry,
  ]) {
    assert.throws(
      () => checkFamilies([service('10.0.0.8'), wrong]),
      (error) => isWeirError(error, 'sync-daemon-families'),
    );
  }
});
