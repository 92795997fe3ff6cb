// weir realserver status on hosts that a person set up: it judges what they do with packets and ARP, and an asker on the wire confirms it.

import assert from 'node:assert/strict';
import { after, beforeEach } from 'node:test';
import { breadth, test } from '../support/breadth.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('nft', 'iptables', 'arping') };
const VIP = '10.78.0.9';
let bed = new Bed();
let server: Host;
let asker: Host;

beforeEach(() => {
  bed.close();
  if (on.skip) return;
  bed = new Bed();
  const lan = bed.lan('lan');
  server = bed.host('shop');
  asker = bed.host('asker');
  bed.cable(server, 'eth0', lan, '10.78.0.2/24');
  bed.cable(server, 'eth1', bed.lan('management'), '192.168.77.2/24');
  bed.cable(asker, 'eth0', lan, '10.78.0.3/24');
});
after(() => bed.close());

/** One request a second is sent, and arping itself may stand still for one. */
const isAnswered = (): boolean => asker.run(['arping', '-c', '1', '-w', '3', '-I', 'eth0', VIP]).status === 0;
const run = (...commands: readonly string[]): void => {
  for (const command of commands) assert.deepEqual([server.run(['sh', '-c', command]).stderr, command], ['', command]);
};
/** Its exit status and first line, with and without the VIP named. */
function judged(expected: number, line: RegExp): void {
  for (const option of ['', ` --vip ${VIP}`]) {
    const { status, stdout, stderr } = server.weir(`realserver status${option}`);
    assert.deepEqual([status, stderr], [expected, ''], stdout);
    assert.match(stdout, line);
  }
}
const SILENT = 'sysctl -qw net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth0.arp_announce=2';

test('a VIP on lo with the sysctls of one interface; a network without the VIP does not matter', on, () => {
  run(`ip addr add ${VIP}/32 dev lo`, SILENT);
  assert.equal(isAnswered(), false);
  judged(0, /^10\.78\.0\.9\/32 on lo \(lo\), not routed\neth0 .*: silent\neth1 .*: not in the network of the VIP\nstarted\n$/);
  run('sysctl -qw net.ipv4.conf.eth0.arp_ignore=3');
  assert.equal(isAnswered(), true);
  judged(1, /eth0 arp_ignore 3 arp_announce 2: announces the VIP/);
});

breadth('a local route, as good as an address', on, () => {
  run(`ip route add local ${VIP}/32 dev lo`, SILENT);
  assert.equal(isAnswered(), false);
  const { status, stdout } = server.weir(`realserver status --vip ${VIP}`);
  assert.deepEqual([status, stdout.split('\n')[0]], [0, `${VIP} taken by a local route`]);
});

breadth('REDIRECT of iptables and of nft: neither an address nor a sysctl', on, () => {
  run(`iptables -t nat -A PREROUTING -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-ports 8080`);
  assert.equal(isAnswered(), false);
  judged(0, /^10\.78\.0\.9 taken by a rule of the packet filter\n/);
  run(
    'iptables -t nat -F',
    "nft add table ip web; nft add chain ip web pre '{ type nat hook prerouting priority -100; }'",
    `nft add rule ip web pre ip daddr ${VIP} tcp dport 80 redirect to :8080`,
  );
  judged(0, /^10\.78\.0\.9 taken by a rule of the packet filter\n/);
  run('nft flush table ip web');
  const { status } = server.weir(`realserver status --vip ${VIP}`);
  assert.equal(status, 3);
});

breadth('an alias on the wire: only rules about ARP hide it', on, () => {
  run(`ip addr add ${VIP}/32 dev eth0`, SILENT);
  assert.equal(isAnswered(), true);
  const loud = server.weir(`realserver status --vip ${VIP}`);
  assert.deepEqual([loud.status, loud.stdout.split('\n')[0]], [1, `${VIP}/32 on eth0 (eth0), not routed: answers ARP there`]);
  run(
    "nft add table arp f; nft add chain arp f i '{ type filter hook input priority 0; }'",
    "nft add chain arp f o '{ type filter hook output priority 0; }'",
    `nft add rule arp f i arp daddr ip ${VIP} drop; nft add rule arp f o arp saddr ip ${VIP} arp saddr ip set 10.78.0.2`,
    'sysctl -qw net.ipv4.conf.eth0.arp_ignore=0 net.ipv4.conf.eth0.arp_announce=0',
  );
  assert.equal(isAnswered(), false);
  const quiet = server.weir(`realserver status --vip ${VIP}`);
  assert.deepEqual([quiet.status, quiet.stdout.split('\n')[0]], [0, `${VIP}/32 on eth0 (eth0), not routed`]);
});
