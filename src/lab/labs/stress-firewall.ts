// A fault that was met in the field: the servers' firewalls accept only packets of state NEW. Connections open at the director, no client is
// answered, and ActiveConn grows. doctor names the rule; the fix that it prints lets all of them through.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { described, explained, run, tableBecomes } from './steps.js';

const VIP = '192.168.88.15';
const [WEB1, WEB2] = ['192.168.88.100', '192.168.88.200'];
const CLIENTS = 300;

/** The handshake's last packet is dropped, too, so that connections wait in the queue of those that are half open. */
const QUEUES = { 'net.core.somaxconn': 16384, 'net.ipv4.tcp_max_syn_backlog': 16384 };

/** Together, each with a connection of its own and a minute's patience. */
const LOAD = `#!/bin/sh
curl --parallel --parallel-immediate --parallel-max ${CLIENTS} --max-time 60 --write-out '%{http_code}\\n' --output /dev/null \\
  "http://${VIP}/[1-${CLIENTS}]" >answers.txt 2>/dev/null
`;

const server = (address: string): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`${address}/24`] } },
  sysctls: QUEUES,
  sites: [{ port: 80 }],
});

const onBoth = (command: string): readonly Step[] => [run('web1', command), run('web2', command)];

const servers = (active: string): readonly string[] =>
  [WEB1, WEB2].map((address) => `^-> ${address.replaceAll('.', '\\.')}:80 Route 1 ${active}`);

export const stressFirewall: Lab = {
  name: 'stress-firewall',
  title: 'a fault of the field: the servers accept state NEW only, ActiveConn grows; doctor names the rule',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.10/24'] } }, files: { 'load.sh': LOAD } },
    lvs1: { director: true, interfaces: { eth0: { switch: 'lan', addresses: ['192.168.88.5/24', `${VIP}/24`] } } },
    web1: server(WEB1),
    web2: server(WEB2),
  },
  capture: false,
  needs: ['curl', 'iptables', 'nft'],
  steps: [
    ...onBoth(`weir realserver start --vip ${VIP}`),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r ${WEB1} -g`),
    run('lvs1', `ipvsadm -a -t ${VIP}:80 -r ${WEB2} -g`),
    described('A new firewall on both servers. It forgets the packets behind the first.', {
      kind: 'run',
      on: 'web1',
      command: 'iptables -A INPUT -p tcp --dport 80 -m state --state NEW -j ACCEPT',
    }),
    run('web1', 'iptables -A INPUT -p tcp --dport 80 -j DROP'),
    run('web2', 'iptables -A INPUT -p tcp --dport 80 -m state --state NEW -j ACCEPT'),
    run('web2', 'iptables -A INPUT -p tcp --dport 80 -j DROP'),
    { kind: 'mark' },
    described(`${CLIENTS} clients at once: all connect, none is answered.`, run('client1', 'sh load.sh </dev/null >/dev/null 2>&1 &')),
    tableBecomes('lvs1', 30, ...servers(`${CLIENTS / 2} 0$`)),
    { kind: 'served', expect: { '*': 0 } },
    described('The director sends them on, as explain says: the fault is behind it.', {
      ...explained('lvs1', '192.168.88.10', `${VIP}:80`, 'verdict forwarded', `service TCP ${VIP}:80 rr`, 'leaves by eth0'),
    }),
    described('doctor on a server names the rule.', {
      kind: 'run',
      on: 'web1',
      command: `weir doctor --role rs --vip ${VIP}:80`,
      expect: {
        exit: 2,
        contains: [
          `drops the later packets of connections to TCP ${VIP}:80`,
          '"-p tcp -m tcp --dport 80 -j DROP"',
          `iptables -I INPUT -d ${VIP} -p tcp --dport 80 -j ACCEPT`,
        ],
      },
    }),
    described('The fix, as doctor printed it, on both.', {
      kind: 'run',
      on: 'web1',
      command: `sh -c "$(weir doctor --role rs --vip ${VIP}:80 | sed -n 's/^ERROR.* fix: //p')"`,
    }),
    run('web2', `sh -c "$(weir doctor --role rs --vip ${VIP}:80 | sed -n 's/^ERROR.* fix: //p')"`),
    described('What the clients sent is sent again, and answered: no connection is lost.', {
      kind: 'wait',
      on: 'client1',
      command: 'sort answers.txt | uniq -c | xargs',
      seconds: 60,
      expect: { answers: [`${CLIENTS} 200`] },
    }),
    tableBecomes('lvs1', 30, ...servers('0 \\d+$')),
    run('web1', `weir doctor --role rs --vip ${VIP}:80`, {
      exit: 1,
      contains: ['there is no default route'],
      lacks: ['drops the later packets'],
    }),
    { kind: 'served', expect: { '*': CLIENTS } },
  ],
};
