// Cases of src/config/keepalived/lint/lint.test.ts: the file of one node.
import type { LintCase } from './lint-case.js';

const instance = (own: string, globals = '', more = ''): string =>
  `${globals === '' ? '' : `global_defs {\n${globals}\n}\n`}vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\n${own}\nvirtual_ipaddress {\n10.0.0.100\n}\n}\n${more}`;

const server = (inside: string, address = '10.0.0.100'): string =>
  `virtual_server ${address} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${inside}\n}\n`;
const checked = (address: string): string => `real_server ${address} 80 {\nTCP_CHECK {\n}\n}`;
const one = server(checked('10.0.1.1'));

const KEPT = { addresses: true, servers: true };

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
  { code: 'keeps-addresses-at-stop', bad: [instance('')], keeps: KEPT, good: [instance('')] },
  { code: 'keeps-table-at-stop', bad: [instance('', '', one)], keeps: KEPT, good: [instance('')], goodKeeps: KEPT },
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
];
