// Cases of src/config/keepalived/lint/lint.test.ts: the file of one node.
import type { LintCase } from './lint-case.js';

const instance = (own: string, globals = '', more = ''): string =>
  `${globals === '' ? '' : `global_defs {\n${globals}\n}\n`}vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\n${own}\nvirtual_ipaddress {\n10.0.0.100\n}\n}\n${more}`;

const server = (inside: string, address = '10.0.0.100'): string =>
  `virtual_server ${address} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${inside}\n}\n`;
const checked = (address: string): string => `real_server ${address} 80 {\nTCP_CHECK {\n}\n}`;
const one = server(checked('10.0.1.1'));

const checkOf = (script: string, own = ''): string => `vrrp_script check {\nscript ${script}\n${own}\n}\n`;
const tracking = (script: string, own = ''): string => `${checkOf(script, own)}${instance('track_script {\ncheck\n}')}`;

const SLEEPER = 'pidof nginx && exit 0\nsystemctl start nginx; sleep 2\npidof nginx\n';

const KEPT = { addresses: true, servers: true };

/** A server with SSL_GET, and lines about its certificate. */
const verifying = (own: string, around = ''): string =>
  server(`real_server 10.0.1.1 443 {\n${around}\nSSL_GET {\nurl {\npath /\n}\n${own}\n}\n}`);

export const SINGLE_CASES: readonly LintCase[] = [
  {
    code: 'vrid-twice-on-one-node',
    bad: [`${instance('')}${instance('version 3').replace('V1', 'V2').replace('10.0.0.100', '10.0.0.101')}`],
    good: [`${instance('')}${instance('mcast_dst_ip 224.0.0.99').replace('V1', 'V2').replace('10.0.0.100', '10.0.0.101')}`],
  },
  {
    code: 'ah-is-keepalived-only',
    bad: [instance('authentication {\nauth_type AH\nauth_pass 1111\n}')],
    good: [instance('authentication {\nauth_type PASS\nauth_pass 1111\n}')],
  },
  { code: 'strict-vip-unreachable', bad: [instance('priority 100', 'vrrp_strict')], good: [instance('priority 100')] },
  { code: 'strict-vip-unreachable', bad: [instance('no_accept')], good: [instance('version 3\naccept', 'vrrp_strict')] },
  {
    code: 'strict-drops-authentication',
    bad: [instance('authentication {\nauth_type PASS\nauth_pass 1111\n}', 'vrrp_strict')],
    good: [instance('authentication {\nauth_type PASS\nauth_pass 1111\n}')],
    line: 7,
  },
  {
    code: 'strict-with-unicast',
    bad: [instance('unicast_peer {\n10.0.0.2\n}', 'vrrp_strict')],
    good: [instance('unicast_peer {\n10.0.0.2\n}')],
  },
  { code: 'nopreempt-with-state-master', bad: [instance('state MASTER\npriority 100\nnopreempt')], good: [instance('nopreempt')], line: 6 },
  { code: 'garp-once', bad: [instance('', 'vrrp_min_garp')], good: [instance('garp_master_refresh 60', 'vrrp_min_garp')] },
  {
    code: 'short-interval-without-priority',
    bad: [instance('version 3\nadvert_int 0.02')],
    good: [instance('version 3\nadvert_int 0.02', 'vrrp_rt_priority 50')],
    line: 5,
  },
  { code: 'keeps-addresses-at-stop', bad: [instance('')], leavesBehind: KEPT, good: [instance('')] },
  { code: 'keeps-table-at-stop', bad: [instance('', '', one)], leavesBehind: KEPT, good: [instance('')], goodLeavesBehind: KEPT },
  {
    code: 'script-stops-keepalived',
    bad: [`vrrp_script s {\nscript "/bin/sh -c 'pidof nginx || systemctl stop keepalived'"\n}\n${instance('')}`],
    good: [`vrrp_script s {\nscript "/usr/bin/pidof keepalived"\n}\n${instance('')}`],
    line: 2,
  },
  {
    code: 'script-stops-keepalived',
    bad: [instance('notify_fault "/etc/keepalived/fault.sh now"')],
    scripts: { '/etc/keepalived/fault.sh': '#!/bin/sh\n# killall keepalived is bad\nkillall -9 keepalived\n' },
    good: [instance('notify_fault "/etc/keepalived/fault.sh now"')],
  },
  {
    code: 'script-as-root',
    bad: [instance('notify /etc/n.sh')],
    good: [instance('notify /etc/n.sh', 'script_user root\nenable_script_security')],
  },
  {
    code: 'script-as-root',
    bad: [instance('', '', server('quorum_up /q.sh\nreal_server 10.0.1.1 80 {\n}'))],
    good: [instance('notify "/etc/n.sh" nobody')],
  },
  {
    code: 'sorry-server-is-real-server',
    bad: [instance('', '', server(`sorry_server 10.0.1.1 80\n${checked('10.0.1.1')}`))],
    good: [instance('', '', server(`sorry_server 10.0.1.1 81\n${checked('10.0.1.1')}`))],
  },
  {
    code: 'virtual-server-without-vip',
    bad: [instance('', '', server(checked('10.0.1.1'), '10.0.0.101'))],
    good: [instance('', '', one)],
  },
  {
    code: 'virtual-server-without-vip',
    bad: [instance('', '', server(checked('10.0.1.1'), '10.0.0.101'))],
    good: [instance('virtual_ipaddress_excluded {\n10.0.0.101\n}', '', server(checked('10.0.1.1'), '10.0.0.101'))],
  },
  { code: 'virtual-server-twice', bad: [`${one}${one}`], good: [`${one}${one.replace('TCP', 'UDP')}`] },
  { code: 'real-server-unchecked', bad: [server('real_server 10.0.1.1 80 {\n}')], good: [one] },
  {
    code: 'authorities-unusable',
    bad: [verifying('verify\nverify_host a.example\nverify_ca /ca.pem')],
    good: [verifying('verify\nverify_host a.example\nverify_ca /ca.pem')],
    troubles: { '/ca.pem': 'it holds no certificate' },
    line: 13,
  },
  {
    code: 'authorities-unusable',
    bad: [`SSL {\nca /own.pem\n}\n${verifying('verify\nverify_host a.example')}`],
    good: [`SSL {\nca /own.pem\n}\n${verifying('verify\nverify_host a.example\nverify_ca /ca.pem')}`],
    troubles: { '/own.pem': 'no such file or directory' },
    line: 14,
  },
  { code: 'certificate-name-unchecked', bad: [verifying('verify')], good: [verifying('verify', 'virtualhost a.example')], line: 11 },
  { code: 'certificate-name-unchecked', bad: [verifying('verify')], good: [verifying('verify\nsni_name a.example')] },
  {
    code: 'certificate-not-verified',
    bad: [verifying('verify off\nverify_host a.example')],
    good: [verifying('verify\nverify_host a.example')],
    line: 12,
  },
  {
    code: 'slow-start-without-effect',
    bad: [server(`slow_start 30\n${checked('10.0.1.1')}`)],
    good: [server(`slow_start 30\nweight 10\n${checked('10.0.1.1')}`).replace('lvs_sched rr', 'lvs_sched wrr')],
    line: 5,
  },
  {
    code: 'slow-start-without-effect',
    bad: [server('weight 10\nreal_server 10.0.1.1 80 {\nslow_start 30\n}').replace('lvs_sched rr', 'lvs_sched wlc')],
    good: [server(`weight 10\nslow_start 0\n${checked('10.0.1.1')}`)],
  },
  {
    code: 'slow-start-without-effect',
    bad: [server(`slow_start 30\n${checked('10.0.1.1')}`).replace('lvs_sched rr', 'lvs_sched wrr')],
    good: [
      server('slow_start 30\nreal_server 10.0.1.1 80 {\nMISC_CHECK {\nmisc_path /x\nmisc_dynamic\n}\n}').replace(
        'lvs_sched rr',
        'lvs_sched wrr',
      ),
    ],
  },
  {
    code: 'shared-checks-without-sharers',
    bad: [`global_defs {\nshared_checks\n}\n${one}${server(checked('10.0.1.2'), '10.0.0.101')}`],
    good: [`global_defs {\nshared_checks\n}\n${one}${server(checked('10.0.1.1'), '10.0.0.101')}`],
    line: 2,
  },
  { code: 'owner-by-default', bad: [instance('state MASTER')], good: [instance('state MASTER\npriority 255')], line: 4 },
  {
    code: 'vip-is-node-address',
    bad: [instance('unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.100\n}')],
    good: [instance('unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}')],
    line: 8,
  },
  {
    code: 'vip-is-node-address',
    bad: [instance('mcast_src_ip 10.0.0.100\npriority 150')],
    good: [instance('mcast_src_ip 10.0.0.100\npriority 255')],
  },
  {
    code: 'vip-interface-not-tracked',
    bad: [instance('virtual_ipaddress_excluded {\n10.1.0.100 dev eth1 no_track\n}')],
    good: [
      instance(
        'virtual_ipaddress_excluded {\n10.1.0.100 dev eth1 no_track\n10.2.0.1 dev lo no_track\n10.3.0.1 dev eth0.7 no_track\n10.4.0.1 dev eth4\n}\ntrack_interface {\neth1 weight -10\n}',
      ),
    ],
  },
  {
    code: 'nopreempt-with-weights',
    bad: [`${checkOf('/bin/true', 'weight -20')}${instance('nopreempt\ntrack_script {\ncheck\n}')}`],
    good: [`${checkOf('/bin/true')}${instance('nopreempt\ntrack_script {\ncheck\n}')}`],
    line: 9,
  },
  {
    code: 'shell-signs-without-shell',
    bad: [`${checkOf('"killall -0 haproxy || exit 1"')}${instance('')}`],
    good: [`${checkOf(`"/bin/sh -c 'killall -0 haproxy || exit 1'"`)}${instance('')}`],
    line: 2,
  },
  {
    code: 'shell-signs-without-shell',
    bad: [instance('notify_master "/usr/bin/logger -t vip `hostname`"')],
    good: [instance('notify_master "/usr/bin/logger -t vip \'a; b | c > d\'"')],
  },
  {
    code: 'script-sleeps-too-long',
    bad: [tracking('/etc/c.sh', 'interval 2')],
    good: [tracking('/etc/c.sh', 'interval 2\ntimeout 5')],
    scripts: { '/etc/c.sh': SLEEPER },
    goodScripts: { '/etc/c.sh': SLEEPER },
  },
  {
    code: 'script-never-fails',
    bad: [tracking('/etc/c.sh')],
    good: [tracking('/etc/d.sh')],
    scripts: {
      '/etc/c.sh': '#!/bin/bash\nif pidof nginx\nthen\n  echo 0\nelse echo 5; fi\n',
    },
    goodScripts: { '/etc/d.sh': '#!/bin/bash\nif pidof nginx\nthen\n  echo 0\nelse\n  echo 5\n  exit 1\nfi\n' },
  },
  { code: 'script-checks-keepalived', bad: [tracking('"/usr/bin/killall -0 keepalived"')], good: [tracking('"killall -0 haproxy"')] },
  {
    code: 'script-checks-virtual-address',
    bad: [tracking('"/usr/bin/curl -sf http://10.0.0.100/"')],
    good: [tracking('"/usr/bin/curl -sf http://10.0.0.10/"')],
  },
  {
    code: 'script-checks-virtual-address',
    bad: [tracking('/etc/c.sh')],
    good: [tracking('/etc/c.sh')],
    scripts: { '/etc/c.sh': 'curl -sfo /dev/null https://10.0.0.100:6443/ || exit 1\n' },
    goodScripts: { '/etc/c.sh': 'ip -4 addr | grep -qw 10.0.0.100 || exit 0\ncurl -sfo /dev/null https://10.0.0.100:6443/ || exit 1\n' },
  },
  {
    code: 'vip-check-shows-nothing',
    bad: [instance('', '', server('lvs_method TUN\nreal_server 10.0.1.1 80 {\nVIP_CHECK {\n}\n}'))],
    good: [instance('', '', server('real_server 10.0.1.1 80 {\nVIP_CHECK {\n}\n}'))],
  },
  {
    code: 'mail-to-sample-address',
    bad: [instance('smtp_alert', 'notification_email {\nops@firewall.loc\n}\nsmtp_server 10.0.0.25')],
    good: [instance('', 'notification_email {\nops@firewall.loc\n}\nsmtp_server 10.0.0.25')],
    line: 2,
  },
  {
    code: 'mail-to-sample-address',
    bad: [instance('', 'notification_email {\nops@example.net\n}\nsmtp_server 192.168.200.1', one)],
    good: [instance('', 'notification_email {\nops@example.net\n}\nsmtp_server 192.168.20.1', one)],
  },
];
