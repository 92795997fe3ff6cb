// weir realserver on hosts in namespaces: no ARP answers, exact undoing, crashes, and the script for hosts without weir.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { breadth, test } from '../support/breadth.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const bed = new Bed();
const folder = bed.folder('weir-realserver-');
let server: Host;
let asker: Host;

/** All state of a host that `stop` must restore. */
function picture(host: Host): string {
  const sysctls = host.run(['sh', '-c', 'grep . /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce']).stdout;
  return [host.ip('-o -4 addr show'), host.ip('-4 route show table all'), host.ip('-o link show lo'), sysctls].join('\n');
}

/** Whether `server` answers an ARP request for this address: one a second is sent, and arping itself may stand still for one. */
const answersArp = (address: string): boolean => asker.run(['arping', '-c', '1', '-w', '3', '-I', 'pq0', address]).status === 0;

const on = { skip: noNamespaces() };

before(() => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  server = bed.host('shop');
  asker = bed.host('asker');
  bed.cable(server, 'zeta3', lan, '10.77.4.21/22');
  bed.cable(server, 'zeta4', lan);
  bed.cable(asker, 'pq0', lan, '10.77.4.90/22');
  server.sysctl('net.ipv4.conf.zeta3.arp_announce', '1');
});
after(() => bed.close());

test('start makes the VIPs local, routed, labelled and hidden from ARP; stop restores the state before', on, () => {
  const untouched = picture(server);
  const started = server.weir('realserver start --vip 10.77.5.1,10.77.5.2');
  assert.equal(started.status, 0, started.stderr);
  const addresses = server.ip('-o -4 addr show dev lo');
  assert.match(addresses, /inet 10\.77\.5\.1\/32 scope global lo:0\\/);
  assert.match(addresses, /inet 10\.77\.5\.2\/32 scope global lo:1\\/);
  assert.match(server.ip('route show'), /^10\.77\.5\.1 dev lo scope link/m);
  for (const name of ['all', 'lo', 'zeta3']) {
    assert.equal(server.sysctl(`net.ipv4.conf.${name}.arp_ignore`), '1');
    assert.equal(server.sysctl(`net.ipv4.conf.${name}.arp_announce`), '2');
  }
  assert.equal(server.sysctl('net.ipv4.conf.zeta4.arp_ignore'), '0', 'an interface without an address faces nobody');
  assert.equal(answersArp('10.77.5.1'), false);
  assert.equal(answersArp('10.77.4.21'), true, 'its own address is still answered for');
  assert.equal(server.weir('realserver status --vip 10.77.5.1,10.77.5.2').status, 0);
  assert.equal(server.weir('realserver stop').status, 0);
  assert.equal(picture(server), untouched);
  assert.equal(server.weir('realserver status --vip 10.77.5.1').status, 3);
});

test('without the sysctls the host answers ARP, and status reports it', on, () => {
  server.ip('addr add 10.77.5.9/32 dev lo');
  assert.equal(answersArp('10.77.5.9'), true, 'else the tests above prove nothing');
  const status = server.weir('realserver status --vip 10.77.5.9');
  assert.equal(status.status, 1);
  assert.match(status.stdout, /zeta3 arp_ignore 0 arp_announce 1: announces the VIP/);
  server.ip('addr del 10.77.5.9/32 dev lo');
});

breadth('a second start changes nothing; one VIP of two can be removed', on, () => {
  const untouched = picture(server);
  server.weir('realserver start --vip 10.77.5.1,10.77.5.2 --iface zeta3,zeta4');
  const once = picture(server);
  const again = server.weir('realserver start --vip 10.77.5.1,10.77.5.2 --iface zeta3,zeta4');
  assert.equal(again.stdout, 'all in place already\n');
  assert.equal(picture(server), once);
  assert.equal(server.sysctl('net.ipv4.conf.zeta4.arp_ignore'), '1', '--iface names it');
  server.weir('realserver stop --vip 10.77.5.1');
  assert.equal(server.weir('realserver status --vip 10.77.5.2').status, 0);
  assert.equal(server.weir('realserver status --vip 10.77.5.1,10.77.5.2').status, 1);
  server.weir('realserver stop --vip 10.77.5.2');
  assert.equal(picture(server), untouched);
  assert.equal(server.weir('realserver stop').stdout, 'nothing to undo\n');
});

breadth('two parallel starts have the result of one', on, () => {
  const untouched = picture(server);
  const entry = `${process.execPath} ${ENTRY} weir realserver start --vip`;
  const both = server.run(['sh', '-c', `${entry} 10.77.5.1 & ${entry} 10.77.5.2 & wait`]);
  assert.equal(both.stderr, '');
  assert.equal(server.weir('realserver status').status, 0);
  assert.deepEqual(server.ip('-o -4 addr show dev lo').match(/lo:\d/g)?.sort(), ['lo:0', 'lo:1']);
  server.weir('realserver stop');
  assert.equal(picture(server), untouched);
});

breadth('killed after any step, start leaves a state that stop undoes exactly', on, () => {
  const untouched = picture(server);
  for (let steps = 0; steps <= 10; steps++) {
    const killed = server.run([process.execPath, fileURLToPath(new URL('killed-start.js', import.meta.url)), String(steps), '10.77.5.1']);
    assert.notEqual(killed.status, 0, 'it must not have ended by itself');
    assert.equal(killed.stdout.trim().split('\n').length, steps + 1, killed.stderr);
    const stopped = server.weir('realserver stop');
    assert.equal(stopped.status, 0, stopped.stderr);
    assert.equal(picture(server), untouched, `killed after ${steps} steps`);
    if (killed.stdout.includes('no step left')) return;
  }
  assert.fail('more steps than this test knows');
});

// The last one has nothing but busybox, its ip, grep and sed included.
for (const shell of ['dash', 'busybox sh', 'bash --posix', 'busybox env PATH=APPLETS sh']) {
  const command = () => shell.replace('APPLETS', applets()).split(' ');
  (shell === 'dash' ? test : breadth)(
    `the script does and undoes the same under ${shell}`,
    { skip: on.skip || noTools(shell.split(' ')[0] ?? '') },
    () => {
      const untouched = picture(server);
      server.weir('realserver start --vip 10.77.5.1,10.77.5.2');
      const byWeir = picture(server);
      server.weir('realserver stop');
      const script = join(folder, `script-${shell.replace(/\W/g, '')}`);
      writeFileSync(script, server.weir('realserver script --vip 10.77.5.1,10.77.5.2').stdout);
      const sh = (verb: string) => server.run([...command(), script, verb]);
      assert.equal(sh('status').status, 3);
      const started = sh('start');
      assert.deepEqual([started.status, started.stderr], [0, '']);
      assert.equal(picture(server), byWeir);
      assert.deepEqual([sh('start').status, sh('status').status], [0, 0]);
      assert.equal(picture(server), byWeir);
      server.sysctl('net.ipv4.conf.all.arp_ignore', '0');
      server.sysctl('net.ipv4.conf.zeta3.arp_ignore', '0');
      assert.equal(sh('status').status, 1);
      sh('start');
      const stopped = sh('stop');
      assert.deepEqual([stopped.status, stopped.stderr], [0, '']);
      assert.equal(picture(server), untouched);
      assert.equal(sh('stop').status, 0);
      assert.equal(sh('jump').status, 2);
    },
  );

  (shell === 'dash' ? test : breadth)(
    `the script under ${shell} refuses invalid input`,
    { skip: on.skip || noTools(shell.split(' ')[0] ?? '') },
    () => {
      const untouched = picture(server);
      const script = join(folder, 'wrong');
      for (const [options, words] of [
        ['--vip 10.77.4.21', '10.77.4.21 is on zeta3'],
        ['--vip 10.77.5.1 --iface nope', 'no such interface: nope'],
      ] as const) {
        writeFileSync(script, server.weir(`realserver script ${options}`).stdout);
        const { status, stderr } = server.run([...command(), script, 'start']);
        assert.equal(status, 1);
        assert.ok(stderr.includes(words), stderr);
        assert.equal(picture(server), untouched);
      }
    },
  );
}

breadth('weir undoes what the script did', on, () => {
  const untouched = picture(server);
  const script = join(folder, 'handover');
  writeFileSync(script, server.weir('realserver script --vip 10.77.5.1').stdout);
  server.run(['sh', script, 'start']);
  assert.equal(server.weir('realserver stop --vip 10.77.5.1').status, 0);
  assert.equal(picture(server), untouched);
  assert.equal(server.run(['sh', script, 'stop']).status, 0);
  assert.equal(picture(server), untouched);
});

test('--root writes the files that do it at boot into an image, and stop --root removes them: the host stays as it is', on, () => {
  const untouched = picture(server);
  server.weir('realserver start --vip 10.77.5.1');
  const whole = picture(server);
  server.weir('realserver stop');
  const image = join(folder, 'image');
  const started = server.weir(`realserver start --vip 10.77.5.1 --persist --root ${image}`);
  const files = ['etc/weir/realserver', 'etc/sysctl.d/90-weir-realserver.conf', 'etc/network/if-up.d/weir-realserver'];
  for (const file of files) assert.ok(started.stdout.includes(`wrote ${join(image, file)}\n`), started.stdout);
  assert.match(readFileSync(join(image, 'etc/sysctl.d/90-weir-realserver.conf'), 'utf8'), /^net\/ipv4\/conf\/all\/arp_ignore = 1$/m);
  const script = join(image, 'etc/weir/realserver');
  assert.equal(statSync(script).mode & 0o777, 0o755);
  assert.equal(picture(server), untouched);
  // A boot: sysctl.d first, then the script, which must know the values from before.
  for (const name of ['all', 'lo']) {
    server.sysctl(`net.ipv4.conf.${name}.arp_ignore`, '1');
    server.sysctl(`net.ipv4.conf.${name}.arp_announce`, '2');
  }
  assert.equal(server.run([script, 'start']).status, 0);
  assert.equal(picture(server), whole);
  assert.match(server.weir(`realserver stop --vip 10.77.5.1 --root ${image}`).stderr, /--vip/);
  const stopping = readFileSync(script);
  const stopped = server.weir(`realserver stop --persist --root ${image}`);
  assert.equal(picture(server), whole);
  for (const file of files) {
    assert.ok(stopped.stdout.includes(`removed ${join(image, file)}\n`), stopped.stdout);
    assert.equal(existsSync(join(image, file)), false);
  }
  assert.equal(server.run(['sh', '-s', 'stop'], stopping.toString()).status, 0);
  assert.equal(picture(server), untouched);
});

test('with systemd an enabled unit is written', on, () => {
  const image = join(folder, 'systemd');
  server.run(['mkdir', '-p', join(image, 'etc/systemd/system')]);
  server.weir(`realserver start --vip 10.77.5.1 --persist --root ${image}`);
  const unit = readFileSync(join(image, 'etc/systemd/system/multi-user.target.wants/../weir-realserver.service'), 'utf8');
  assert.match(unit, /^ExecStart=\/etc\/weir\/realserver start$/m);
  server.weir(`realserver stop --persist --root ${image}`);
  assert.equal(existsSync(join(image, 'etc/systemd/system/weir-realserver.service')), false);
});

breadth('state files of namespaces that are gone are removed, those of existing ones are kept', on, () => {
  server.weir('realserver start --vip 10.77.5.1');
  const cookies = Array.from({ length: 70 }, (_, index) => `${2n ** 62n + BigInt(index)}`);
  for (const cookie of cookies) writeFileSync(`/run/weir/realserver/${cookie}.json`, '{}');
  assert.equal(server.weir('realserver stop --vip 10.77.5.2').status, 0);
  assert.deepEqual(
    cookies.filter((cookie) => existsSync(`/run/weir/realserver/${cookie}.json`)),
    [],
  );
  assert.equal(server.weir('realserver status').status, 0, 'ours is known still');
  server.weir('realserver stop');
});

breadth('bad input is reported in one line and changes nothing', on, () => {
  const untouched = picture(server);
  for (const [line, status, words] of [
    ['start', 2, '--vip is missing'],
    ['start --vip 10.77.5.256', 2, 'not an IPv4 address: 10.77.5.256'],
    ['start --vip 10.77.5.1,', 2, 'not an IPv4 address: (empty)'],
    ['start --vip 10.77.5.1,10.77.5.1', 2, '10.77.5.1 is given twice'],
    ['start --vip 2001:db8::5x', 2, 'not an IPv6 address: 2001:db8::5x'],
    ['start --vip fe80::1', 1, 'fe80::1 cannot be a VIP'],
    ['start --vip 10.77.5.1 --iface ../x', 2, 'not an interface name: ../x'],
    ['start --vip 10.77.5.1 --iface nope', 1, 'no such interface: nope'],
    ['start --vip 10.77.4.21', 1, '10.77.4.21 is on zeta3: a real server that answers ARP for the VIP takes it from the director'],
    ['start --vip 10.77.5.1 --mode nat', 2, '--mode takes dr or tun, not nat'],
    ['start --vip 10.77.5.1 --tun-type gre', 2, '--tun-type: only with --mode tun'],
    ['start --vip 10.77.5.1 --mode tun --tun-type vxlan', 2, '--tun-type takes ipip, gre or gue, not vxlan'],
    ['start --vip 10.77.5.1 --mode tun --tun-type gue', 2, '--tun-port is missing'],
    ['start --vip 10.77.5.1 --mode tun --tun-port 6080', 2, '--tun-port: only with --tun-type gue'],
    ['start --vip 10.77.5.1 --mode tun --tun-type gue --tun-port 0', 2, '--tun-port takes a port (1 to 65535), not 0'],
    ['start --vip 10.77.5.1 --mode tun --tun-type gre --tun-csum', 2, '--tun-csum: only with --tun-type gre --from'],
    ['begin --vip 10.77.5.1', 2, 'unknown action: begin (start, stop, status or script)'],
    ['start extra --vip 10.77.5.1', 2, 'unexpected argument: extra'],
    ['start --vop 10.77.5.1', 2, 'unknown option: --vop'],
  ] as const) {
    const { status: got, stderr } = server.weir(`realserver ${line}`);
    assert.deepEqual([got, stderr], [status, `weir realserver: ${words}\n`]);
  }
  assert.equal(picture(server), untouched);
});

/** A folder in which every command is busybox. */
function applets(): string {
  const at = join(folder, 'applets');
  if (!existsSync(at)) {
    mkdirSync(at);
    const busybox = server.run(['sh', '-c', 'command -v busybox']).stdout.trim();
    for (const name of server
      .run(['busybox', '--list'])
      .stdout.split('\n')
      .filter((one) => /^[a-z0-9]+$/.test(one))) {
      symlinkSync(busybox, join(at, name));
    }
  }
  return at;
}
