// weir realserver with IPv6 VIPs, on hosts in namespaces: who answers neighbour solicitations, exact undoing, and the script.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { breadth, test } from '../support/breadth.js';
import { Bed, type Host, noNamespaces, untilAddressesAreUsed } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const folder = bed.folder('weir-realserver6-');
let server: Host;
let asker: Host;

/** All state of a host that `stop` must restore. */
function picture(host: Host): string {
  const sysctls = host.run(['sh', '-c', 'grep . /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce']).stdout;
  return [host.ip('-o addr show'), host.ip('-6 route show table all'), host.ip('-4 route show table all'), sysctls].join('\n');
}

/** Whether `server` answers a neighbour solicitation for this address; without an answer the third one ends the ping. */
function answers(address: string): boolean {
  asker.run(['ip', '-6', 'neigh', 'flush', 'dev', 'pq0']);
  asker.run(['ping', '-6', '-c', '1', '-W', '10', address]);
  return asker.ip(`-6 neigh show ${address}`).includes('lladdr');
}

before(async () => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  server = bed.host('shop');
  asker = bed.host('asker');
  bed.cable(server, 'zeta3', lan, '10.77.4.21/22');
  bed.cable(asker, 'pq0', lan, '10.77.4.90/22');
  server.ip('addr add fd00:77::21/64 dev zeta3 nodad');
  asker.ip('addr add fd00:77::90/64 dev pq0 nodad');
  await untilAddressesAreUsed(server, asker);
});
after(() => bed.close());

breadth('start makes the VIP local and takes its packets; no host is answered for it; stop restores the state before', on, () => {
  const untouched = picture(server);
  const started = server.weir('realserver start --vip fd00:77::100');
  assert.deepEqual([started.status, started.stdout, started.stderr], [0, 'add fd00:77::100/128 on lo\n', '']);
  assert.match(server.ip('-o -6 addr show dev lo'), /inet6 fd00:77::100\/128 scope global deprecated/);
  assert.equal(server.sysctl('net.ipv4.conf.all.arp_ignore'), '0', 'ARP has no part in it');
  assert.equal(answers('fd00:77::21'), true, 'its own address is answered for');
  for (const forwarding of ['0', '1']) {
    server.sysctl('net.ipv6.conf.all.forwarding', forwarding);
    assert.equal(answers('fd00:77::100'), false, `with forwarding ${forwarding}`);
  }
  server.sysctl('net.ipv6.conf.all.forwarding', '0');
  // As the director sends it: in a frame for this host, with the VIP inside.
  asker.ip(`-6 route add fd00:77::100/128 via fd00:77::21 dev pq0`);
  assert.equal(asker.run(['ping', '-6', '-c', '1', '-W', '20', 'fd00:77::100']).status, 0);
  asker.ip('-6 route del fd00:77::100/128');
  const status = server.weir('realserver status');
  assert.deepEqual([status.status, status.stdout], [0, 'fd00:77::100/128 on lo, routed\nstarted\n']);
  assert.equal(server.weir('realserver start --vip fd00:77::100').stdout, 'all in place already\n');
  assert.equal(server.weir('realserver stop').stdout, 'remove fd00:77::100/128 on lo\n');
  assert.equal(picture(server), untouched);
  assert.equal(server.weir('realserver status --vip fd00:77::100').status, 3);
});

breadth('on the interface itself it would be answered for: start refuses, and status reports it', on, () => {
  server.ip('addr add fd00:77::101/128 dev zeta3 nodad');
  assert.equal(answers('fd00:77::101'), true, 'else the test above proves nothing');
  const status = server.weir('realserver status --vip fd00:77::101');
  assert.deepEqual(
    [status.status, status.stdout.split('\n')[0]],
    [1, 'fd00:77::101/128 on zeta3, not routed: answers neighbour solicitations there'],
  );
  assert.equal(
    server.weir('realserver start --vip fd00:77::101').stderr,
    'weir realserver: fd00:77::101 is on zeta3: a real server that answers neighbour solicitations for the VIP takes it from the director\n',
  );
  server.ip('addr del fd00:77::101/128 dev zeta3');
});

breadth('VIPs of both families: the sysctls of ARP come and go with the IPv4 one', on, () => {
  const untouched = picture(server);
  assert.equal(server.weir('realserver start --vip 10.77.5.1,fd00:77::100').status, 0);
  assert.equal(server.sysctl('net.ipv4.conf.all.arp_ignore'), '1');
  const both = server.weir('realserver status');
  assert.deepEqual([both.status, both.stdout.match(/silent/g)?.length], [0, 1], both.stdout);
  server.weir('realserver stop --vip 10.77.5.1');
  assert.equal(server.sysctl('net.ipv4.conf.all.arp_ignore'), '0');
  assert.equal(server.weir('realserver status').stdout, 'fd00:77::100/128 on lo, routed\nstarted\n');
  server.weir('realserver stop');
  assert.equal(picture(server), untouched);
});

for (const shell of ['dash', 'busybox sh']) {
  (shell === 'dash' ? test : breadth)(
    `the script does and undoes the same under ${shell}`,
    { skip: on.skip || noTools(shell.split(' ')[0] ?? '') },
    () => {
      const untouched = picture(server);
      server.weir('realserver start --vip fd00:77::100,10.77.5.1');
      const byWeir = picture(server);
      server.weir('realserver stop');
      for (const [vips, whole] of [['fd00:77::100,10.77.5.1', byWeir], ['fd00:77::100']] as const) {
        const script = join(folder, 'script');
        writeFileSync(script, server.weir(`realserver script --vip ${vips}`).stdout);
        const sh = (verb: string) => server.run([...shell.split(' '), script, verb]);
        assert.equal(sh('status').status, 3);
        const started = sh('start');
        assert.deepEqual([started.status, started.stderr], [0, '']);
        if (whole !== undefined) assert.equal(picture(server), whole);
        assert.deepEqual([sh('start').status, sh('status').status], [0, 0]);
        assert.equal(server.weir('realserver status').status, 0, 'weir judges it the same');
        const stopped = sh('stop');
        assert.deepEqual([stopped.status, stopped.stderr], [0, '']);
        assert.equal(picture(server), untouched);
        sh('start');
        assert.equal(server.weir('realserver stop').status, 0, 'weir undoes what the script did');
        assert.equal(picture(server), untouched);
      }
      const wrong = join(folder, 'wrong');
      writeFileSync(wrong, server.weir('realserver script --vip fd00:77::21').stdout);
      assert.match(server.run([...shell.split(' '), wrong, 'start']).stderr, /fd00:77::21 is on zeta3: .* neighbour solicitations/);
    },
  );
}

breadth('--persist writes no sysctls of ARP for IPv6 VIPs alone', on, () => {
  const started = server.weir(`realserver start --vip fd00:77::100 --persist --root ${folder}`);
  assert.match(started.stdout, /wrote \S+\/etc\/weir\/realserver\n/);
  assert.equal(existsSync(join(folder, 'etc/sysctl.d/90-weir-realserver.conf')), false);
  server.weir(`realserver stop --persist --root ${folder}`);
  assert.equal(existsSync(join(folder, 'etc/weir/realserver')), false);
});
