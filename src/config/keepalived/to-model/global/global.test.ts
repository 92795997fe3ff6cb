import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived-text.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { GlobalSettings } from '../../../../model/keepalived/global.js';

const read = (...lines: string[]) => {
  const { configuration, errors, notices } = readText(`global_defs {\n${lines.join('\n')}\n}`);
  return { global: configuration.global, errors, notices };
};

/** Lines, the settings they make, and what is reported. */
type Case = readonly [lines: readonly string[], expected: Partial<GlobalSettings>, reported?: readonly string[]];

function tryAll(cases: readonly Case[]): void {
  for (const [lines, expected, reported = []] of cases) {
    const { global, errors } = read(...lines);
    assert.deepEqual(errors, reported, lines.join(' / '));
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(global[key as keyof GlobalSettings], value, `${lines.join(' / ')}: ${key}`);
    }
  }
}

test('mail', () => {
  tryAll([
    [
      ['notification_email {', 'a@b c@d', 'e@f', '}', 'notification_email_from x@y', 'smtp_helo_name h', 'no_email_faults'],
      { notificationEmail: ['a@b', 'c@d', 'e@f'], emailFrom: 'x@y', smtpHelo: 'h', noEmailFaults: true, smtpTimeoutUs: 30_000_000 },
    ],
    [['notification_email {', '}'], { notificationEmail: [] }, ['Warning - empty notification_email block']],
    [['smtp_server 127.0.0.1', 'smtp_connect_timeout 5'], { smtpServer: { host: '127.0.0.1', port: 25 }, smtpTimeoutUs: 5_000_000 }],
    [['smtp_server mail.example 26'], { smtpServer: { host: 'mail.example', port: 26 } }],
    [['smtp_server ::1'], { smtpServer: { host: '::1', port: 25 } }],
    [['smtp_server 300.1.1.1'], { smtpServer: undefined as never }, ['Invalid smtp server 300.1.1.1 25']],
    [['smtp_server 127.0.0.1 0'], {}, ["number '0' outside range [1, 65535]", 'Invalid smtp server 127.0.0.1 0']],
    [['smtp_connect_timeout 0'], { smtpTimeoutUs: 1_000_000 }, ['smtp_conect_timeout must be greater than 0, setting to 1']],
    [['notification_email_from'], {}, ['emailfrom missing - ignoring']],
    [['no_checker_emails', 'router_id r', 'default_interface eth1'], { noCheckerEmails: true, routerId: 'r', defaultInterface: 'eth1' }],
  ]);
});

test('scripts and FIFOs', () => {
  const script = { argv: ['/bin/x', 'y'], text: '/bin/x y' };
  tryAll([
    [['script_user u g', 'enable_script_security'], { scriptUser: { user: 'u', group: 'g' }, scriptSecurity: true }],
    [
      ['startup_script "/bin/x y"', 'shutdown_script "/bin/x y"', 'shutdown_script_timeout 3'],
      { startupScript: { script, timeoutUs: 10_000_000 }, shutdownScript: { script, timeoutUs: 3_000_000 } },
    ],
    [
      ['notify_fifo /run/f u g', 'notify_fifo_script "/bin/x y"', 'fifo_write_vrrp_states_on_reload'],
      { notifyFifo: { path: '/run/f', owner: { user: 'u', group: 'g' }, script }, fifoStatesOnReload: true },
    ],
    [['vrrp_notify_fifo /run/v', 'lvs_notify_fifo /run/l'], { vrrpNotifyFifo: { path: '/run/v' }, lvsNotifyFifo: { path: '/run/l' } }],
    [['notify_fifo'], { notifyFifo: undefined as never }, ['No notify_fifo name specified']],
    [['notify_fifo /a', 'notify_fifo /b'], { notifyFifo: { path: '/a' } }, ['notify_fifo already specified - ignoring /b']],
    [['notify_fifo_script'], {}, ['No notify_fifo_script specified']],
    [['script_user'], {}, ['No script username specified']],
    [['startup_script'], {}, ['startup script missing']],
    [
      ['startup_script_timeout 0'],
      {},
      ["number '0' outside range [1, 1000]", "startup_script_timeout '0' must be in [1, 1000] - ignoring"],
    ],
  ]);
});

test('interfaces, nftables, names', () => {
  tryAll([
    [
      [],
      {
        dynamicInterfaces: false,
        allowInterfaceChanges: false,
        nftables: { table: 'keepalived', priority: -1, counters: false, ifindex: false },
        vmacPrefix: 'vrrp',
        jsonVersion: 1,
        dumpFiles: {},
      },
    ],
    [['dynamic_interfaces allow_if_changes'], { dynamicInterfaces: true, allowInterfaceChanges: true }],
    [['dynamic_interfaces junk'], { dynamicInterfaces: true }, ["Unknown dynamic_interfaces option 'junk'"]],
    [
      ['nftables t', 'nftables_priority -5', 'nftables_counters', 'nftables_ifindex'],
      { nftables: { table: 't', priority: -5, counters: true, ifindex: true } },
    ],
    [
      ['vrrp_iptables in out'],
      {},
      ["iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option"],
    ],
    [
      ['vmac_prefix v', 'vmac_addr_prefix a', 'vmac_prefix w'],
      { vmacPrefix: 'v', vmacAddressPrefix: 'a' },
      ['vmac prefix has already been specified - ignoring w'],
    ],
    [
      ['json_version 2', 'state_dump_file /a', 'stats_dump_file /b', 'json_dump_file /c'],
      { jsonVersion: 2, dumpFiles: { state: '/a', stats: '/b', json: '/c' } },
    ],
    [['reload_check_config /log'], { reloadCheckConfig: { logFile: '/log' } }],
    [['reload_check_config'], { reloadCheckConfig: {} }],
    [
      ['vrrp_startup_delay 3', 'vrrp_delay_after_boot 60', 'log_unknown_vrids', 'vrrp_garp_interval 0.001', 'vrrp_gna_interval 0.002'],
      { startupDelayUs: 3_000_000, delayAfterBootUs: 60_000_000, logUnknownVrids: true, garpIntervalUs: 1_000, gnaIntervalUs: 2_000 },
    ],
    [['vrrp_rx_bufs_policy abc'], {}, ["invalid number 'abc'", 'Invalid vrrp_rx_bufs_policy abc']],
    [['vrrp_mcast_group4 10.0.0.1'], {}, ['vrrp_mcast_group4 [10.0.0.1] is not multicast. Skipping']],
    [['vrrp_mcast_group4 ff02::99'], {}, ['vrrp_mcast_group4 [ff02::99] is not IPv4. Skipping']],
    [['vrrp_mcast_group6 zz::1'], {}, ["Can't parse vrrp_mcast_group6 [zz::1]. Skipping"]],
  ]);
});

test('umask as a number or as bits', () => {
  tryAll([
    [['umask 0177'], { umask: 0o177 }],
    [['umask 0x1f'], { umask: 0x1f }],
    [['umask IRGRP|IWOTH'], { umask: 0o042 }],
    [['umask IRUSR | IXOTH'], { umask: 0o401 }],
    [['umask 01000'], {}, ['invalid umask value 01000']],
    [['umask abc'], {}, ['Unknown umask bit abc']],
    [['umask IRGRP IWOTH'], {}, ['Invalid umask syntax IWOTH']],
    [['umask IRGRPX'], {}, ['Invalid umask syntax IRGRPX']],
    [['umask 0177 junk'], {}, ['Extra parameter(s) to umask option']],
  ]);
});

test('processes', () => {
  const { global, errors } = read(
    'process_names',
    'vrrp_process_name v',
    'vrrp_priority -5',
    'vrrp_rt_priority 50',
    'vrrp_rlimit_rttime 9',
    'vrrp_no_swap',
    'vrrp_cpu_affinity 0 3',
    'max_auto_priority 20',
    'min_auto_priority_delay 7',
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(global.processes.vrrp, { name: 'v', priority: -5, rtPriority: 50, rlimitRttimeUs: 9, noSwap: true, cpus: [0, 3] });
  assert.deepEqual(global.processes.checker, { name: 'keepalived_ipvs', noSwap: false, cpus: [] });
  assert.deepEqual(global.processes.parent, { name: 'keepalived', noSwap: false, cpus: [] });
  assert.deepEqual([global.maxAutoPriority, global.minAutoPriorityDelayUs], [20, 7]);
  const cases: [string, string[], number | undefined][] = [
    ['vrrp_rt_priority 0', ['vrrp process real-time priority 0 less than minimum 1 - setting to minimum'], 1],
    ['vrrp_rt_priority 100', ['vrrp process real-time priority 100 greater than maximum 99 - setting to maximum'], 99],
    ['vrrp_rt_priority abc', ["invalid number 'abc'", "vrrp process real-time priority 'abc' invalid"], undefined],
    ['vrrp_rt_priority', ['No vrrp process real-time priority specified'], undefined],
    ['vrrp_priority -21', ["number '-21' outside range [-20, 19]", 'Invalid vrrp process priority specified'], undefined],
    ['vrrp_cpu_affinity abc', ["invalid number 'abc'", 'Invalid cpu_id:0 specified for vrrp process'], undefined],
    ['vrrp_cpu_affinity', ['No vrrp cpu_id set specified'], undefined],
  ];
  for (const [line, expected, priority] of cases) {
    const { global: settings, errors: reported } = read(line);
    assert.deepEqual(reported, expected, line);
    assert.equal(settings.processes.vrrp.rtPriority, priority, line);
  }
});

test('virtual servers: flush, timeouts, the sync daemon', () => {
  tryAll([
    [
      ['lvs_flush', 'lvs_flush_on_stop', 'checker_log_all_failures', 'rs_init_notifies'],
      { lvsFlush: true, lvsFlushOnStop: 'all', checkerLogAllFailures: true, rsInitNotifies: true },
    ],
    [['lvs_flush_onstop VS'], { lvsFlushOnStop: 'virtual-servers' }],
    [['lvs_flush_on_stop vs'], { lvsFlushOnStop: 'no' }, ['Unknown lvs_flush_on_stop type vs']],
    [['lvs_timeouts tcp 900 udp 300'], { lvsTimeouts: { tcp: 900, tcpFin: 0, udp: 300 } }],
    [['lvs_timeouts'], {}, ['lvs_timeouts requires at least one option']],
    [['lvs_timeouts tcp abc'], {}, ["invalid number 'abc'", 'Invalid lvs_timeout tcp (abc) - ignoring']],
    [['lvs_timeouts tcp 1 junk'], {}, ['Unknown option junk specified for lvs_timeouts']],
    [
      ['lvs_sync_daemon eth0 V1 id 5 maxlen 1400 port 8849 ttl 2 group 224.0.0.82'],
      {
        lvsSyncDaemon: {
          interface: 'eth0',
          instance: 'V1',
          syncId: 5,
          maxLength: 1400,
          port: 8849,
          ttl: 2,
          group: parseAddress('224.0.0.82')!,
        },
      },
    ],
    [
      ['lvs_sync_peers 10.8.9.2', 'lvs_sync_daemon eth0', 'lvs_sync_peers 10.8.9.3 fd00::3'],
      { lvsSyncDaemon: { interface: 'eth0', peers: ['10.8.9.2', '10.8.9.3', 'fd00::3'].map((text) => parseAddress(text)!) } },
    ],
    [
      ['lvs_sync_daemon eth0', 'lvs_sync_peers 10.8.9.2 lb2 224.0.0.5'],
      { lvsSyncDaemon: { interface: 'eth0', peers: [parseAddress('10.8.9.2')!] } },
      ['Invalid lvs_sync_peers address (lb2) - ignoring', 'Invalid lvs_sync_peers address (224.0.0.5) - ignoring'],
    ],
    [
      ['lvs_sync_daemon eth0', 'lvs_sync_peers lb2'],
      {},
      ['Invalid lvs_sync_peers address (lb2) - ignoring', 'lvs_sync_peers has no usable address - ignoring lvs_sync_daemon'],
    ],
    [['lvs_sync_daemon eth0 inst V1'], { lvsSyncDaemon: { interface: 'eth0', instance: 'V1' } }],
    [
      ['lvs_sync_daemon eth0 V1 7'],
      { lvsSyncDaemon: { interface: 'eth0', instance: 'V1', syncId: 7 } },
      ['Please use keyword "id" before lvs_sync_daemon SYNCID'],
    ],
    [
      ['lvs_sync_daemon eth0', 'lvs_sync_daemon eth1'],
      { lvsSyncDaemon: { interface: 'eth0' } },
      ['lvs_sync_daemon has already been specified as eth0  - ignoring'],
    ],
    [['lvs_sync_daemon'], {}, ['lvs_sync_daemon requires interface']],
    [['lvs_sync_daemon averyveryverylongname'], {}, ["lvs_sync_daemon interface name 'averyveryverylongname' too long - ignoring"]],
    [['lvs_sync_daemon eth0 id'], {}, ['No value specified for lvs_sync_daemon id, defaulting to vrid']],
    [['lvs_sync_daemon eth0 id 256'], {}, ["number '256' outside range [0, 255]", 'Invalid syncid (256) - defaulting to vrid']],
    [['lvs_sync_daemon eth0 port 0'], {}, ["number '0' outside range [1, 65535]", 'Invalid lvs_sync_daemon port (0) - ignoring']],
    [['lvs_sync_daemon eth0 group 10.0.0.1'], {}, ['lvs_sync_daemon group address 10.0.0.1 is not multicast - ignoring']],
    [['lvs_sync_daemon eth0 group abc'], {}, ['Invalid lvs_sync_daemon group (abc) - ignoring']],
  ]);
});

test('keywords without effect are listed with their places, and reported once', () => {
  const { global, errors, notices } = read('enable_snmp_vrrp', 'enable_dbus', 'router_id r');
  assert.deepEqual(errors, []);
  assert.deepEqual([...global.notActedOn].sort(), ['enable_dbus (k.conf:3)', 'enable_snmp_vrrp (k.conf:2)']);
  assert.equal(notices.length, 2);
});
