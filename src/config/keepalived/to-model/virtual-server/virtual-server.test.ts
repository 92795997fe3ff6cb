// virtual_server and real_server: the model, and what is reported. (All recorded messages: test/oracle/keepalived.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived.js';
import { formatAddress } from '../../../../model/address-text.js';
import type { RealServer, VirtualServer } from '../../../../model/keepalived/virtual-server.js';

const PLAIN = 'lvs_sched rr\nlvs_method NAT\nprotocol TCP\n';
const REAL = 'real_server 10.0.0.2 80 {\n}\n';

function read(
  inside: string,
  label = '10.0.0.1 80',
  around = '',
): { readonly server: VirtualServer | undefined; readonly reported: readonly string[] } {
  const { configuration, reported } = readText(`${around}virtual_server ${label} {\n${inside}}\n`);
  return { server: configuration.virtualServers[0], reported };
}

function good(inside: string, label?: string, around?: string): VirtualServer {
  const { server, reported } = read(inside, label, around);
  assert.deepEqual(reported, []);
  assert.ok(server !== undefined);
  return server;
}

const firstOf = (server: VirtualServer | undefined): RealServer => {
  const [first] = server?.realServers ?? [];
  assert.ok(first !== undefined);
  return first;
};

test('a plain virtual server, with every default', () => {
  const server = good(PLAIN + REAL);
  const { realServers, ...own } = server;
  assert.deepEqual(own, {
    name: '[10.0.0.1]:tcp:80',
    target: { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: { family: 'inet', words: [0x0a000001] }, port: 80 } },
    protocol: 'tcp',
    scheduler: 'rr',
    schedFlags: 0,
    method: 'masq',
    tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
    onePacket: false,
    alpha: false,
    omega: false,
    quorum: 1,
    hysteresis: 0,
    haSuspend: false,
    smtpAlert: false,
    sorryInhibit: false,
  });
  assert.deepEqual(realServers, [
    {
      address: { family: 'inet', words: [0x0a000002] },
      port: 80,
      method: 'masq',
      tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
      weight: 1,
      slowStartUs: 0,
      upperThreshold: 0,
      lowerThreshold: 0,
      inhibitOnFailure: false,
      alpha: false,
      smtpAlert: true,
      checkers: [],
    },
  ]);
});

test('missing settings are reported and get defaults', () => {
  const { server, reported } = read(REAL);
  assert.deepEqual(reported, [
    'Virtual server [10.0.0.1]:none:80: no protocol set - defaulting to UDP',
    "Virtual server [10.0.0.1]:udp:80: no scheduler set, setting default 'wlc'",
    'Virtual server [10.0.0.1]:udp:80: no forwarding method set, setting default NAT',
  ]);
  assert.equal(server?.scheduler, 'wlc');
});

test('flags of a scheduler count only behind it', () => {
  assert.equal(good(`${PLAIN}lvs_sched sh\nsh-fallback\nsh-port\n${REAL}`).schedFlags, 3);
  assert.equal(good(`${PLAIN}lvs_sched mh\nmh-port\n${REAL}`).schedFlags, 2);
  assert.equal(good(`${PLAIN}lvs_sched sh\nmh-port\n${REAL}`).schedFlags, 0);
  assert.equal(good(`${PLAIN}flag-1\nflag-3\n${REAL}`).schedFlags, 5);
  const before = read(`lvs_method NAT\nprotocol TCP\nsh-port\nlvs_sched sh\n${REAL}`);
  assert.deepEqual(before.reported, ['sh-port only applies to sh scheduler - ignoring']);
  assert.equal(before.server?.schedFlags, 0);
});

test('forwarding: tunnels and their options', () => {
  const method = (words: string) => read(`lvs_sched rr\nprotocol TCP\nlvs_method ${words}\n${REAL}`);
  assert.deepEqual(method('TUN type gue port 6080 csum').server?.tunnel, { type: 'gue', port: 6080, checksum: 'csum' });
  assert.deepEqual(method('TUN type gre').server?.tunnel, { type: 'gre', port: 0, checksum: 'nocsum' });
  assert.deepEqual(method('TUN type gue').reported, ['gue tunnels require port, otherwise cannot have port.']);
  assert.deepEqual(method('TUN type ipip csum').reported, ['ipip tunnels do not support checksum option.']);
  assert.deepEqual(method('TUN type gre remcsum').reported, ['gre tunnels do not support remote checksum option.']);
  assert.deepEqual(method('TUN foo').reported, ['Invalid tunnel option foo for virtual server.']);
  assert.equal(method('TUN foo').server?.method, 'tunnel');
  assert.deepEqual(method('DR\nlvs_method dr').reported, ['PARSER : unknown [dr] routing method for virtual server.']);
  assert.equal(method('DR\nlvs_method dr').server?.method, 'route', 'the last good one counts');
});

test('only NAT changes ports', () => {
  const other = 'real_server 10.0.0.2 81 {\n}\n';
  assert.equal(firstOf(good(PLAIN + other)).port, 81);
  assert.equal(firstOf(good(`${PLAIN}real_server 10.0.0.2 {\n}\n`)).port, 80);
  const direct = read(`lvs_sched rr\nlvs_method DR\nprotocol TCP\n${other}`);
  assert.deepEqual(direct.reported, [
    "WARNING - virtual server [10.0.0.1]:tcp:80 and real server [10.0.0.2]:tcp:81 ports don't match - resetting",
  ]);
  assert.equal(firstOf(direct.server).port, 80);
  assert.equal(read(`${PLAIN}real_server 10.0.0.2 81 {\nlvs_method DR\n}\n`).reported.length, 1);
});

test('a port-less service is persistent', () => {
  assert.deepEqual(good(`${PLAIN}persistence_timeout 50\n${REAL}`, '10.0.0.1').persistence, { timeout: 50, netmask: 0xffffffff });
  const { server, reported } = read(PLAIN + REAL, '10.0.0.1');
  assert.deepEqual(reported, ['Virtual server [10.0.0.1]:tcp:0: zero port only valid for persistent services - setting']);
  assert.equal(server?.persistence?.timeout, 360);
});

test('persistence', () => {
  const persistence = (lines: string, label?: string, real = REAL) => read(PLAIN + lines + real, label);
  assert.deepEqual(good(`${PLAIN}persistence_timeout\n${REAL}`).persistence, { timeout: 360, netmask: 0xffffffff });
  assert.equal(persistence('persistence_granularity 255.255.255.0\n').server?.persistence?.netmask, 0xffffff00);
  const six = persistence('persistence_granularity 64\n', '2001:db8::1 80', 'real_server 2001:db8::2 80 {\n}\n');
  assert.equal(six.server?.persistence?.netmask, 64);
  assert.equal(persistence('persistence_engine sip\npersistence_timeout 9\n').server?.persistence?.engine, 'sip');
  assert.deepEqual(persistence('persistence_timeout 0\n').reported, [
    "number '0' outside range [1, 2678400]",
    'persistence_timeout invalid',
  ]);
  assert.deepEqual(persistence('persistence_granularity abc\n').reported, ['Invalid IPv4 persistence_granularity specified - abc']);
});

test('quorum and hysteresis fit the weights', () => {
  const two = 'real_server 10.0.0.2 80 {\nweight 3\n}\nreal_server 10.0.0.3 80 {\nweight 2\n}\n';
  assert.deepEqual(read(`${PLAIN}quorum 5\nhysteresis 4\n${two}`).reported, []);
  const { server, reported } = read(`${PLAIN}quorum 9\nhysteresis 7\n${two}`);
  assert.deepEqual(reported, [
    'Warning - quorum 9 for [10.0.0.1]:tcp:80 exceeds total weight of real servers 5, reducing quorum to 5',
    'Virtual server [10.0.0.1]:tcp:80: hysteresis 7 >= quorum 5; setting hysteresis to 4',
  ]);
  assert.deepEqual([server?.quorum, server?.hysteresis], [5, 4]);
  const idle = read(`${PLAIN}real_server 10.0.0.2 80 {\nweight 0\n}\n`).server;
  assert.deepEqual([idle?.quorum, idle?.hysteresis], [0, 0], 'keepalived wraps around here');
});

test('families, marks and groups', () => {
  assert.deepEqual(read(`${PLAIN}real_server 2001:db8::2 80 {\n}\n`).reported, [
    "Address family of virtual server and real server 2001:db8::2 don't match - skipping real server.",
    'Virtual server [10.0.0.1]:tcp:80 has no real servers - ignoring',
  ]);
  good('lvs_sched rr\nprotocol TCP\nlvs_method TUN\nreal_server 2001:db8::2 80 {\n}\n');
  const mark = good('lvs_sched rr\nlvs_method NAT\nreal_server 2001:db8::2 80 {\n}\n', 'fwmark 7');
  assert.deepEqual(mark.target, { kind: 'service', key: { kind: 'fwmark', family: 'inet6', mark: 7 } });
  assert.equal(mark.name, 'FWM 7');
  assert.deepEqual(read(PLAIN + REAL, 'fwmark 7').reported, [
    'Warning: Virtual server FWM 7: protocol specified for fwmark - protocol will be ignored',
  ]);
  const group = good(PLAIN + REAL, 'group G', 'virtual_server_group G {\n10.0.0.1 80\n}\n');
  assert.deepEqual([group.name, group.target], ['[G]:0', { kind: 'group', group: 'G' }]);
  const direct = 'lvs_sched rr\nlvs_method DR\nprotocol TCP\n';
  assert.deepEqual(read(direct + REAL, 'group G', 'virtual_server_group G {\n10.0.0.1 80\n10.0.0.1 81\n}\n').reported, [
    "virtual server [G]:0:[10.0.0.1,81] and real server [10.0.0.2]:tcp:80 ports don't match",
  ]);
});

test('invalid addresses, ports and marks', () => {
  assert.match(
    read(PLAIN + REAL, '300.0.0.1 80').reported[0] ?? '',
    /^Invalid virtual server IP address\/port 300\.0\.0\.1\/80 - skipping$/,
  );
  assert.match(read(PLAIN + REAL, '10.0.0.1:80').reported[0] ?? '', /^Invalid virtual server IP address 10\.0\.0\.1:80 - skipping$/);
  assert.match(read(PLAIN + REAL, 'fwmark abc').reported[1] ?? '', /^virtual server fwmark 'abc' must be in/);
  assert.match(read(PLAIN + REAL, 'fwmark 0').reported[0] ?? '', /must be in/, 'keepalived reads uninitialised memory here');
  for (const label of ['fwmark', 'group']) {
    const { read: result } = readText(`virtual_server ${label} {\n${PLAIN}${REAL}}\n`);
    assert.equal(result.diagnostics.at(-1)?.severity, 'fatal', `${label}: keepalived crashes here`);
  }
});

test('real servers inherit, and duplicates are removed', () => {
  const server = good(
    `${PLAIN}weight 7\nalpha\ninhibit_on_failure\nreal_server 10.0.0.2 80 {\n}\nreal_server 10.0.0.3 80 {\nweight 2\nalpha off\n}\n`,
  );
  assert.deepEqual(
    server.realServers.map(({ weight, alpha, inhibitOnFailure }) => [weight, alpha, inhibitOnFailure]),
    [
      [7, true, true],
      [2, false, true],
    ],
  );
  const duplicates = read(PLAIN + REAL + REAL);
  assert.deepEqual(duplicates.reported, ['VS [10.0.0.1]:tcp:80: real server [10.0.0.2]:tcp:80 is duplicated - removing second rs']);
  assert.equal(duplicates.server?.realServers.length, 1);
});

test('sorry servers', () => {
  const { sorryServer, sorryInhibit } = good(`${PLAIN}sorry_server 10.0.0.9\nsorry_server_inhibit\nsorry_server_lvs_method TUN\n${REAL}`);
  assert.ok(sorryServer !== undefined);
  assert.deepEqual(
    [formatAddress(sorryServer.address), sorryServer.port, sorryServer.method, sorryInhibit],
    ['10.0.0.9', 80, 'tunnel', true],
  );
  assert.deepEqual(read(`${PLAIN}sorry_server_inhibit\nsorry_server 10.0.0.9 80\n${REAL}`).reported, [
    'Ignoring sorry_server inhibit used before or without sorry_server',
  ]);
  assert.deepEqual(read(`${PLAIN}sorry_server 10.0.0.9:80\n${REAL}`).reported, ['Invalid sorry server IP address 10.0.0.9:80 - skipping']);
});

test('mail: global_defs decide where a server does not', () => {
  const mails = (globals: string) => {
    const { smtpAlert, realServers } = good(PLAIN + REAL, '10.0.0.1 80', `global_defs {\n${globals}}\n`);
    return [smtpAlert, realServers[0]?.smtpAlert];
  };
  assert.deepEqual(mails(''), [false, true]);
  assert.deepEqual(mails('smtp_alert off\n'), [false, false]);
  assert.deepEqual(mails('smtp_alert off\nsmtp_alert_checker on\n'), [true, true]);
});

test('one packet scheduling and ha_suspend', () => {
  assert.deepEqual(read(`${PLAIN}ops\n${REAL}`).reported, [
    'Virtual server [10.0.0.1]:tcp:80: one packet scheduling requires UDP - resetting',
  ]);
  assert.equal(good(`lvs_sched rr\nlvs_method NAT\nprotocol UDP\nops\n${REAL}`).onePacket, true);
  const mark = read(`lvs_sched rr\nlvs_method NAT\nha_suspend\n${REAL}`, 'fwmark 1');
  assert.deepEqual(mark.reported, ['Virtual server FWM 1: cannot use ha_suspend with fwmarks - clearing ha_suspend']);
  assert.equal(mark.server?.haSuspend, false);
});
