// Working set-ups with the firewalls that operators have.
import { firewalld, ufw } from '../../firewall-shapes.js';
import type { SetUp } from '../types.js';
import { variant } from '../variant.js';
import { nat } from './nat.js';

/** A file for a command, by a here-document: its text may have any quotes. */
const load = (command: string, text: string): string => `${command} <<'RULES'\n${text}RULES`;
const nft = (text: string): string => `${load('cat >rules.$$', text)}\nnft -f rules.$$\nrm rules.$$`;
const restore = (text: string): string => load('iptables-restore', text);

const director = (...run: readonly string[]) => ({ director: { run } });

const DENY_BY_DEFAULT = `table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    ip protocol icmp accept
    tcp dport { 22, 80 } accept
    iifname eth1 accept
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname eth1 accept
  }
}
`;

const DOCKER = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.17.0.2:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`;

const serverRules = [
  'iptables -P INPUT DROP',
  'iptables -A INPUT -i lo -j ACCEPT',
  'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  'iptables -A INPUT -p icmp -j ACCEPT',
  'iptables -A INPUT -p tcp --dport 8080 -j ACCEPT',
];

/** The director serves, too, and what its filter lets out has the server's own port. */
const LOCAL_SERVER = `table inet fw {
  chain in {
    type filter hook input priority 0; policy accept;
  }
  chain out {
    type filter hook output priority 0; policy drop;
    tcp sport 8080 accept
    oifname weir0 accept
    meta l4proto icmp accept
  }
}
`;

const localServer: SetUp = {
  ...variant('nat-local-server', nat, {
    director: { run: ['ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.1:8080 -m', nft(LOCAL_SERVER)], listen: ['tcp 0.0.0.0:8080'] },
  }),
  traffic: [{ from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2', 'director'] }],
};

export const setUps: readonly SetUp[] = [
  localServer,
  variant('nat-nft-deny-by-default', nat, director(nft(DENY_BY_DEFAULT))),
  variant('nat-ufw', nat, director(restore(ufw('iptables').replace('--dport 22 -j', '--dport 80 -j')))),
  variant('nat-firewalld', nat, director(nft(firewalld('eth0').replace('tcp dport 22', 'tcp dport { 22, 80 }')))),
  variant(
    'nat-docker',
    nat,
    director(
      'ip link add docker0 type bridge',
      'ip addr add 172.17.0.1/16 dev docker0',
      'ip link set docker0 up',
      restore(DOCKER),
      'weir load',
    ),
  ),
  variant('nat-masquerades-servers', nat, director('iptables -t nat -A POSTROUTING -s 10.20.0.0/24 -o eth0 -j MASQUERADE')),
  variant('nat-servers-deny-by-default', nat, { s1: { run: serverRules }, s2: { run: serverRules } }),
];
