import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { instanceText, readInstance, readText } from '../../../../../test/support/keepalived-text.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';

type Case = readonly [lines: readonly string[], expected: Partial<VrrpInstance>, reported?: readonly string[]];

function tryAll(cases: readonly Case[]): void {
  for (const [lines, expected, reported = []] of cases) {
    const { instance, errors } = readInstance(lines);
    assert.deepEqual(errors, reported, lines.join(' / '));
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(instance?.[key as keyof VrrpInstance], value, `${lines.join(' / ')}: ${key}`);
    }
  }
}

/** Instances that could not work are reported and left out. */
function tryLeftOut(text: string, reported: readonly string[]): void {
  const { configuration, errors } = readText(text);
  assert.deepEqual(errors, reported);
  assert.deepEqual(configuration.instances, []);
}

const NO_PEERS =
  '(V1) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.';
const peers = (...lines: string[]): string[] => ['unicast_peer {', ...lines, '}'];

test('unicast: peers, TTLs, checksums', () => {
  const unicast = { peers: [{ address: ip('10.99.0.2') }], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' } as const;
  tryAll([
    [peers('10.99.0.2'), { unicast }],
    [
      [...peers('10.99.0.2/24'), 'unicast_ttl 5', 'check_unicast_src', 'unicast_fault_no_peer', 'old_unicast_checksum never'],
      { unicast: { ...unicast, ttl: 5, checkSource: true, faultNoPeer: true, oldChecksum: 'never' } },
    ],
    [[...peers('10.99.0.2'), 'old_unicast_checksum'], { unicast: { ...unicast, oldChecksum: 'always' } }],
    [
      peers('10.99.0.2 min_ttl 254 max_ttl 255'),
      { unicast: { ...unicast, peers: [{ address: ip('10.99.0.2'), minTtl: 254, maxTtl: 255 }], checkSource: true } },
    ],
    [
      [...peers('10.99.0.2'), ...peers('10.99.0.3')],
      { unicast: { ...unicast, peers: [{ address: ip('10.99.0.2') }, { address: ip('10.99.0.3') }] } },
    ],
    [['unicast_src_ip 10.99.0.1', ...peers('10.99.0.2')], { unicast, sourceAddress: ip('10.99.0.1') }],
    [peers('10.99.0.2', '10.99.0.2 min_ttl 5'), { unicast }],
  ]);
});

test('mistakes of unicast', () => {
  const family = (address: string): string =>
    `Configuration error: VRRP instance[V1] and unicast peer address[${address}] MUST be of the same family !!! Skipping...`;
  tryAll([
    [['unicast_src_ip 10.99.0.1'], { unicast: undefined as never, sourceAddress: ip('10.99.0.1') }, [NO_PEERS]],
    [peers(), { unicast: undefined as never }, [NO_PEERS]],
    [['unicast_ttl 5'], {}, ['(V1): Cannot use unicast_ttl without unicast peers - resetting']],
    [['unicast_fault_no_peer'], {}],
    [
      peers('10.99.0.300'),
      {},
      ['Configuration error: VRRP instance[V1] malformed unicast peer address[10.99.0.300]. Skipping...', NO_PEERS],
    ],
    [peers('10.99.0.2', 'fe80::2'), {}, [family('fe80::2')]],
    [peers('10.99.0.2 10.99.0.3'), {}, ['(V1) 10.99.0.3 is missing a value']],
    [peers('10.99.0.2 foo 1'), {}, ['(V1) unknown unicast_peer option foo']],
    [peers('10.99.0.2 min_ttl 256'), {}, ["number '256' outside range [0, 255]"]],
    [peers('10.99.0.2 min_ttl 255 max_ttl 1'), {}, ['(V1) min_ttl 255 > max_ttl 1 - all packets will be discarded']],
    [['old_unicast_checksum on', ...peers('10.99.0.2')], {}, ['(V1) Unknown old_unicast_chksum mode on - ignoring']],
    [['mcast_src_ip abc'], {}, ['Configuration error: VRRP instance[V1] malformed src address[abc]. Skipping...']],
    [
      ['mcast_dst_ip 224.0.0.99', ...peers('10.99.0.2')],
      { multicastGroup: ip('224.0.0.18') },
      ['(V1) multicast destination specified with unicast - ignoring'],
    ],
  ]);
});

test('multicast groups and source addresses', () => {
  tryAll([
    [
      ['mcast_dst_ip 224.0.0.99', 'mcast_src_ip 10.99.0.7', 'track_src_ip'],
      { multicastGroup: ip('224.0.0.99'), sourceAddress: ip('10.99.0.7'), trackSourceAddress: true },
    ],
    [['mcast_dst_ip 10.0.0.1'], { multicastGroup: ip('224.0.0.18') }, ['(V1) mcast_dst_ip 10.0.0.1 not multicast. Skipping...']],
    [['mcast_dst_ip abc'], {}, ['(V1) malformed mcast dest address abc. Skipping...']],
  ]);
  const six = readText(instanceText(['mcast_dst_ip 2001:db8::9']).replace('10.99.0.100', 'fe80::1'));
  assert.deepEqual(six.errors, ['(V1) mcast_dst_ip 2001:db8::9 not link-local multicast. Skipping...']);
  assert.deepEqual(six.configuration.instances[0]?.multicastGroup, ip('ff02::12'));
  const other = readText(instanceText([]).replace(/\}$/, 'mcast_dst_ip ff02::99\n}'));
  assert.deepEqual(other.errors, ['(V1) mcast_dst_ip ff02::99 is not of the family of the instance. Skipping...']);
});

test('the first address determines the family, the others must agree', () => {
  const other = '(V1): address family must match VRRP instance [10.99.0.100] - ignoring';
  tryLeftOut(instanceText(['mcast_src_ip fe80::1']), [other, '(V1) No VIP specified; at least one is required']);
  tryLeftOut(instanceText(['native_ipv6']), [other, '(V1) No VIP specified; at least one is required']);
  const later = instanceText([]).replace(/\}$/, 'native_ipv6\n}');
  assert.deepEqual(readText(later).errors, ['(V1) Cannot specify native_ipv6 with IPv4 addresses']);
  const source = instanceText([]).replace(/\}$/, 'mcast_src_ip fe80::1\n}');
  assert.deepEqual(readText(source).errors, [
    'Configuration error: VRRP instance[V1] and src address[fe80::1] MUST be of the same family !!! Skipping...',
  ]);
});

test('addresses: none, too many, excluded ones of any family', () => {
  const without = instanceText([]).replace('virtual_ipaddress {\n10.99.0.100\n}\n', '');
  assert.deepEqual(readText(without).errors, ['(V1) No VIP specified; at least one is sensible']);
  tryLeftOut(without.replace('interface', 'version 3\ninterface'), ['(V1) No VIP specified; at least one is required']);
  const elected = readText(without.replace('interface', 'version 3\nno_virtual_ipaddress\ninterface'));
  assert.deepEqual([elected.errors, elected.configuration.instances[0]?.noVirtualAddress], [[], true]);
  const many = Array.from({ length: 256 }, (_, index) => `10.98.${index >> 7}.${index & 127}`).join('\n');
  const full = readText(instanceText(['virtual_ipaddress_excluded {', 'fe80::1', '}']).replace('10.99.0.100', many));
  assert.deepEqual(full.errors, [
    '(V1) Number of VIPs (256) exceeds maximum/space available in packet (max 255 addresses) - excess moved to eVIPs',
  ]);
  assert.equal(full.configuration.instances[0]?.addresses.length, 255);
  assert.equal(full.configuration.instances[0].excludedAddresses.length, 2);
  const strict = readText(instanceText(['strict_mode']).replace('10.99.0.100', '2001:db8::1'));
  assert.deepEqual(strict.errors, [
    '(V1) cannot use IPv6 with VRRP version 2; setting version 3',
    '(V1) the first IPv6 VIP address must be link local',
  ]);
});

test('an instance needs a VRID and an interface', () => {
  tryLeftOut(instanceText([]).replace('virtual_router_id 51\n', ''), ['(V1) the virtual router id must be set']);
  tryLeftOut(instanceText([]).replace('interface eth0\n', ''), ['(V1) Unknown interface!']);
  const all = instanceText(['track_script {', 'nosuch', '}']).replace('interface eth0\n', '');
  tryLeftOut(all, ['(V1) Unknown interface!', '(V1) track script nosuch not found, ignoring...']);
  tryLeftOut(instanceText([]).replace('eth0', 'lo'), [
    '(V1) cannot use a loopback interface (lo) for vrrp - ignoring',
    '(V1) Unknown interface!',
  ]);
  tryLeftOut(instanceText([]).replace('eth0', 'abcdefghijklmnop'), [
    "Interface name 'abcdefghijklmnop' too long - ignoring",
    '(V1) Unknown interface!',
  ]);
  tryAll([
    [['vrf eth1'], { vrf: undefined as never }, ['(V1) vrf can only be specified without interface - clearing']],
    [['vrf lo'], {}, ['(V1) cannot use a loopback interface (lo) for VRF - ignoring']],
  ]);
  const placeless = instanceText(['vrf red', 'unicast_src_ip 10.99.0.1', ...peers('10.99.0.2')]).replace('interface eth0\n', '');
  const { configuration, errors } = readText(placeless);
  assert.deepEqual([errors, configuration.instances[0]?.interface, configuration.instances[0]?.vrf], [[], undefined, 'red']);
});

test('two instances of one name or one VRID: the first stays', () => {
  const pair = (second: string): string => `${instanceText([])}\n${instanceText([]).replace('V1', second)}`;
  const named = readText(pair('V1'));
  assert.deepEqual([named.errors, named.configuration.instances.length], [['vrrp instance V1 already defined'], 1]);
  const clash = readText(pair('V2'));
  assert.deepEqual(clash.errors, ['V1 and V2 both use VRID 51 with IPv4 on interface eth0']);
  assert.deepEqual(
    clash.configuration.instances.map(({ name }) => name),
    ['V1'],
  );
  const unicast = (own: string, peer: string): string => `unicast_src_ip ${own}\nunicast_peer {\n${peer}\n}`;
  const both = (own: string, peer: string): string =>
    pair('V2')
      .replace(/(V1 \{\ninterface eth0)/, `$1\n${unicast('10.99.0.1', '10.99.0.2')}`)
      .replace(/(V2 \{\ninterface eth0)/, `$1\n${unicast(own, peer)}`);
  assert.deepEqual(readText(both('10.99.0.1', '10.99.0.2')).errors, ['(V1) duplicate VRID conflict with V2 VRID 51']);
  assert.deepEqual(readText(both('10.99.0.1', '10.99.0.3')).errors, [], 'other peers');
  assert.deepEqual(readText(both('10.99.0.9', '10.99.0.2')).errors, [], 'another address of ours');
  for (const apart of ['mcast_dst_ip 224.0.0.99', 'interface eth1', 'unicast_src_ip 10.99.0.1\nunicast_peer {\n10.99.0.2\n}']) {
    const { errors } = readText(pair('V2').replace(/(V2 \{\ninterface eth0)/, `$1\n${apart}`));
    assert.deepEqual(errors, [], apart);
  }
  assert.deepEqual(readText('vrrp_instance {\n}').errors, ['vrrp_instance must have a name']);
});

test('heartbeats, and keywords that have moved', () => {
  tryAll([
    [['heartbeat {', 'eth1 192.0.2.2', '}'], { heartbeat: [{ interface: 'eth1', peer: ip('192.0.2.2') }] }],
    [['heartbeat {', 'eth1', '}'], { heartbeat: [] }, ["(V1) heartbeat needs an interface and the peer's address - ignoring"]],
    [['linkbeat_use_polling'], {}, ["(V1) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block"]],
  ]);
  const { configuration, errors } = readText(instanceText(['lvs_sync_daemon_interface eth1']));
  assert.deepEqual(configuration.global.lvsSyncDaemon, { interface: 'eth1', instance: 'V1', syncId: 0 });
  const withPeers = readText(instanceText(['lvs_sync_daemon_interface eth1'], ['global_defs {', 'lvs_sync_peers 10.8.9.2', '}']));
  assert.deepEqual(withPeers.configuration.global.lvsSyncDaemon?.peers, [ip('10.8.9.2')]);
  const noPeers = readText(instanceText(['lvs_sync_daemon_interface eth1'], ['global_defs {', 'lvs_sync_peers lb2', '}']));
  assert.equal(noPeers.configuration.global.lvsSyncDaemon, undefined);
  const twice = readText(instanceText(['lvs_sync_daemon_interface eth1'], ['global_defs {', 'lvs_sync_daemon eth0', '}']));
  assert.equal(twice.errors.at(-1), '(V1) lvs_sync_daemon_interface has already been specified as eth0 - ignoring');
  assert.deepEqual(errors, [
    '(V1) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.',
    '      Please use global lvs_sync_daemon',
  ]);
});

test('scripts, mail and FIFO lines', () => {
  const { instance, errors } = readInstance([
    'notify_master "/bin/m a"',
    'notify /bin/n nobody',
    'notify_deleted',
    'smtp_alert',
    'notify_priority_changes',
    'notify_master_rx_lower_pri /bin/l',
    'notify_backup /bin/b',
    'notify_fault /bin/f',
    'notify_stop /bin/s',
  ]);
  assert.deepEqual(errors, []);
  assert.deepEqual(instance?.notify.master?.argv, ['/bin/m', 'a']);
  assert.deepEqual(instance.notify.all?.runAs, { user: 'nobody' });
  assert.deepEqual(instance.notify.deleted, {});
  assert.deepEqual([instance.notify.smtpAlert, instance.notify.priorityChanges], [true, true]);
  assert.deepEqual(
    [instance.notify.backup?.text, instance.notify.fault?.text, instance.notify.stop?.text, instance.notify.masterRxLowerPriority?.text],
    ['/bin/b', '/bin/f', '/bin/s', '/bin/l'],
  );
  const deleted = readInstance(['notify_deleted "/bin/d x" root']).instance?.notify.deleted?.command;
  assert.deepEqual(deleted, { argv: ['/bin/d', 'x'], text: '/bin/d x', runAs: { user: 'root' } });
  assert.deepEqual(readInstance(['notify /bin/a', 'notify /bin/b']).errors, ['(V1) notify script already specified - ignoring /bin/b']);
  assert.equal(readInstance([], ['global_defs {', 'smtp_alert', 'smtp_alert_vrrp off', '}']).instance?.notify.smtpAlert, false);
});

test('common mistakes are reported with a hint', () => {
  const cases: [string, RegExp][] = [
    [instanceText([]).replace('virtual_router_id 51\n', ''), /virtual_router_id 1\.\.255/],
    [instanceText([]).replace('interface eth0\n', ''), /add interface IF/],
    [instanceText(['unicast_src_ip 10.99.0.1']), /unicast_peer/],
    [instanceText(['state MASTER', 'priority 100', 'nopreempt']), /set state BACKUP on both nodes/],
    [instanceText(['authentication {', 'auth_type PASS', 'auth_pass 123456789', '}']), /eight bytes/],
    [instanceText(['track_script {', 'chk', '}']), /none is defined/],
    [instanceText(['advert_int 0.5']), /version 3/],
    [`${instanceText([])}\n${instanceText([]).replace('V1', 'V2')}`, /its own virtual_router_id/],
  ];
  for (const [text, hint] of cases) assert.match(readText(text).diagnostics[0]?.hint ?? '', hint);
});

test('use_vmac_addr: only addresses on other interfaces get macvlans', () => {
  const { instance } = readInstance(['use_vmac_addr', 'virtual_ipaddress_excluded {', '10.0.0.8', '10.0.0.9 dev eth9', '}']);
  assert.deepEqual(
    instance?.excludedAddresses.map(({ virtualInterface }) => virtualInterface),
    [undefined, { kind: 'vmac' }],
  );
});
