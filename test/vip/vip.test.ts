// weir vip on hosts in namespaces: the probe before, the announcement after, and exact undoing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/model/finding.js';
import { breadth, test } from '../support/breadth.js';
import { Bed, ENTRY, type Host, noNamespaces, type Ran } from '../support/netns-bed.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const folder = bed.folder('weir-vip-');
let gate: Host;
let thief: Host;

/** Of a daemon: before that it has not read its file, and is not named keepalived. */
const STARTED = /: Startup complete\n/;

const addresses = (host: Host): string => host.ip('-o -4 addr show');

before(() => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  gate = bed.host('gate');
  thief = bed.host('thief');
  bed.cable(gate, 'up7', lan, '172.29.3.9/20');
  bed.cable(thief, 'th0', lan, '172.29.3.77/20');
});
after(() => bed.close());

test('add sets the VIP as /32 with a label, del removes exactly that', on, () => {
  const untouched = addresses(gate);
  const added = gate.weir('vip add 172.29.3.200 --dev up7');
  assert.deepEqual([added.status, added.stdout], [0, 'added 172.29.3.200/32 on up7 (up7:0), announced\n']);
  assert.match(addresses(gate), /inet 172\.29\.3\.200\/32 scope global up7:0\\/);
  const again = gate.weir('vip add 172.29.3.200 --dev up7');
  assert.deepEqual([again.status, again.stdout], [0, '172.29.3.200/32 on up7 (up7:0) is there already\n']);
  assert.match(gate.weir('vip add 172.29.3.201/20 --dev up7').stdout, /\(up7:1\)/);
  assert.match(gate.weir('vip add 172.29.3.202 --dev up7 --label up7:web').stdout, /\(up7:web\)/);
  const status = gate.weir('vip status 172.29.3.200 --dev up7');
  assert.deepEqual([status.status, status.stdout], [0, '172.29.3.200/32 on up7 (up7:0), added by weir\n']);
  for (const last of [202, 201, 200]) {
    assert.equal(gate.weir(`vip del 172.29.3.${last} --dev up7`).stdout, `removed 172.29.3.${last} from up7\n`);
  }
  assert.equal(addresses(gate), untouched);
  assert.equal(gate.weir('vip status 172.29.3.200 --dev up7').status, 3);
  assert.equal(gate.weir('vip del 172.29.3.200 --dev up7').stdout, '172.29.3.200 is not on up7\n');
});

test('neighbours are notified immediately, so that a director that takes over is reached', { ...on, timeout: 180_000 }, async () => {
  thief.ip('neigh replace 172.29.3.210 lladdr 02:00:00:00:00:99 dev th0 nud reachable');
  const capture = spawn('ip', [
    'netns',
    'exec',
    thief.namespace,
    'tcpdump',
    '-l',
    '-n',
    '-c',
    '6',
    '-i',
    'th0',
    'arp',
    'and',
    'src',
    '172.29.3.210',
  ]);
  bed.atEnd(() => capture.kill('SIGKILL'));
  await new Promise((done) => capture.stderr.on('data', (chunk: Buffer) => chunk.includes('listening on') && done(undefined)));
  let captured = '';
  capture.stdout.on('data', (chunk: Buffer) => {
    captured += chunk;
  });
  const ended = new Promise((done) => capture.once('close', done));
  gate.weir('vip add 172.29.3.210 --dev up7');
  await ended;
  assert.equal(captured.match(/Request who-has 172\.29\.3\.210/g)?.length, 3);
  assert.equal(captured.match(/Reply 172\.29\.3\.210 is-at/g)?.length, 3);
  const mac = /link\/ether (\S+)/.exec(gate.ip('link show up7'))?.[1];
  assert.ok(thief.ip('neigh show 172.29.3.210').includes(`lladdr ${mac}`), 'the stale entry is updated');
  gate.weir('vip del 172.29.3.210 --dev up7');
});

breadth('an address that another host answers for is refused, naming its MAC', on, () => {
  const untouched = addresses(gate);
  thief.ip('addr add 172.29.3.220/32 dev lo');
  const mac = /link\/ether (\S+)/.exec(thief.ip('link show th0'))?.[1];
  const { status, stderr } = gate.weir('vip add 172.29.3.220 --dev up7');
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `weir vip: ${mac} answers for 172.29.3.220 on up7: another host has it — fix: weir doctor names the real server where it is one\n`,
  );
  assert.equal(addresses(gate), untouched);
  const elsewhere = gate.weir('vip status 172.29.3.220 --dev up7');
  assert.deepEqual([elsewhere.status, elsewhere.stdout], [3, `172.29.3.220 is not on up7\n${mac} answers for it\n`]);
  thief.ip('addr del 172.29.3.220/32 dev lo');
  gate.weir('vip add 172.29.3.220 --dev up7');
  thief.ip('addr add 172.29.3.220/32 dev lo');
  const duel = gate.weir('vip status 172.29.3.220 --dev up7');
  assert.deepEqual([duel.status, duel.stdout.split('\n')[1]], [1, `${mac} answers for it too`]);
  thief.ip('addr del 172.29.3.220/32 dev lo');
  gate.weir('vip del 172.29.3.220 --dev up7');
  assert.equal(addresses(gate), untouched);
});

breadth('removing the first address of a subnet keeps the others', on, () => {
  const untouched = addresses(gate);
  gate.sysctl('net.ipv4.conf.all.promote_secondaries', '0');
  gate.sysctl('net.ipv4.conf.up7.promote_secondaries', '0');
  gate.weir('vip add 10.250.7.1/24 --dev up7');
  gate.ip('addr add 10.250.7.2/24 dev up7 label up7:mine');
  assert.match(addresses(gate), /10\.250\.7\.2\/24 scope global secondary/);
  gate.weir('vip del 10.250.7.1 --dev up7');
  assert.match(addresses(gate), /10\.250\.7\.2\/24 scope global up7:mine/);
  gate.ip('addr del 10.250.7.2/24 dev up7');
  assert.equal(addresses(gate), untouched);
});

/** Kills the deletion of 10.250.8.1, the first address of its network, after `count` changes. False: it was not killed. */
function killedDelete(count: number): boolean {
  gate.sysctl('net.ipv4.conf.all.promote_secondaries', '0');
  gate.sysctl('net.ipv4.conf.up7.promote_secondaries', '0');
  gate.weir('vip add 10.250.8.1/24 --dev up7');
  gate.ip('addr add 10.250.8.2/24 broadcast 10.250.8.255 dev up7 label up7:mine');
  gate.ip('addr add 10.250.8.3/24 dev up7');
  const program = fileURLToPath(new URL('killed-delete.js', import.meta.url));
  const { stdout, stderr } = gate.run([process.execPath, program, String(count), '10.250.8.1', 'up7']);
  assert.match(stdout, /^(killed|no change left)\n$/, stderr);
  return stdout === 'killed\n';
}

/** The next command finds the others where they were. False: it was not killed. */
function killDelete(count: number): boolean {
  const before = addresses(gate);
  const isKilled = killedDelete(count);
  assert.equal(gate.weir('vip add 172.29.3.235 --dev up7').status, 0);
  assert.match(addresses(gate), /10\.250\.8\.2\/24 brd 10\.250\.8\.255 scope global (secondary )?up7:mine/);
  assert.match(addresses(gate), /10\.250\.8\.3\/24 scope global secondary up7/);
  for (const vip of ['10.250.8.1', '172.29.3.235']) assert.equal(gate.weir(`vip del ${vip} --dev up7`).status, 0);
  for (const heir of ['10.250.8.3', '10.250.8.2']) gate.ip(`addr del ${heir}/24 dev up7`);
  assert.equal(addresses(gate), before);
  return isKilled;
}

test('killed between the first address of a subnet and the others: they are put back by the next command', on, () =>
  assert.ok(killDelete(1)),
);
breadth('... wherever it was killed', on, () => {
  let count = 0;
  while (killDelete(count)) count += 1;
  assert.equal(count, 3);
});

test('... but one that another host has by then, which is named, and forgotten', on, () => {
  const before = addresses(gate);
  assert.ok(killedDelete(1));
  thief.ip('addr add 10.250.8.3/32 dev lo');
  const mac = /link\/ether (\S+)/.exec(thief.ip('link show th0'))?.[1];
  const next = gate.weir('vip add 172.29.3.235 --dev up7');
  const words = 'which went with a VIP that a killed command removed, is not put back';
  assert.deepEqual([next.status, next.stderr], [0, `weir vip: 10.250.8.3 of up7, ${words}: ${mac} has it\n`]);
  assert.match(addresses(gate), /10\.250\.8\.2\/24/);
  thief.ip('addr del 10.250.8.3/32 dev lo');
  for (const vip of ['10.250.8.1', '172.29.3.235']) assert.equal(gate.weir(`vip del ${vip} --dev up7`).stderr, '');
  assert.doesNotMatch(addresses(gate), /10\.250\.8\.3/);
  gate.ip('addr del 10.250.8.2/24 dev up7');
  assert.equal(addresses(gate), before);
});

test('... and nothing while the interface is down, where the network cannot be asked', on, () => {
  const before = addresses(gate);
  assert.ok(killedDelete(1));
  gate.ip('link set up7 down');
  assert.equal(gate.weir('vip del 10.250.8.1 --dev up7').status, 0);
  assert.doesNotMatch(addresses(gate), /10\.250\.8\.[23]/);
  gate.ip('link set up7 up');
  assert.equal(gate.weir('vip add 172.29.3.235 --dev up7').status, 0);
  assert.match(addresses(gate), /10\.250\.8\.2\/24.*10\.250\.8\.3\/24/s);
  assert.equal(gate.weir('vip del 172.29.3.235 --dev up7').status, 0);
  for (const heir of ['10.250.8.3', '10.250.8.2']) gate.ip(`addr del ${heir}/24 dev up7`);
  assert.equal(addresses(gate), before);
});

test('weir removes only addresses that it added', on, () => {
  gate.ip('addr add 172.29.3.230/32 dev up7');
  const untouched = addresses(gate);
  const added = gate.weir('vip add 172.29.3.230 --dev up7');
  assert.deepEqual(
    [added.status, added.stdout],
    [0, '172.29.3.230/32 on up7 (up7) is there already; weir did not add it and will not remove it\n'],
  );
  const removed = gate.weir('vip del 172.29.3.230 --dev up7');
  const words = '172.29.3.230 on up7 was not added by weir vip — fix: ip addr del 172.29.3.230/32 dev up7 removes it all the same';
  assert.deepEqual([removed.status, removed.stderr], [1, `weir vip: ${words}\n`]);
  assert.equal(addresses(gate), untouched);
  gate.ip('addr del 172.29.3.230/32 dev up7');
});

breadth('--root writes the files that add it at boot into an image, and del removes them there; this host stays as it is', on, () => {
  const untouched = addresses(gate);
  const image = join(folder, 'image');
  assert.match(gate.weir(`vip add 172.29.3.240 --dev up7 --root ${image}`).stdout, /^wrote \S+\n$/);
  assert.equal(addresses(gate), untouched);
  const hook = join(image, 'etc/network/if-up.d/weir-vip-172-29-3-240');
  assert.equal(gate.run(['env', 'IFACE=other', 'sh', hook]).stdout, '');
  assert.match(gate.run(['env', 'IFACE=up7', 'sh', hook]).stdout, /^added 172\.29\.3\.240\/32 on up7 \(up7:0\)/);
  assert.match(gate.weir(`vip del 172.29.3.240 --dev up7 --root ${image}`).stdout, /^removed \S+\n$/);
  assert.equal(existsSync(hook), false);
  assert.match(gate.weir('vip del 172.29.3.240 --dev up7').stdout, /^removed 172\.29\.3\.240 from up7\n$/);
  assert.equal(addresses(gate), untouched);

  const systemd = join(folder, 'systemd');
  gate.run(['mkdir', '-p', join(systemd, 'etc/systemd/system')]);
  gate.weir(`vip add 172.29.3.240 --dev up7 --label up7:0 --root ${systemd}`);
  const unit = readFileSync(join(systemd, 'etc/systemd/system/weir-vip-172.29.3.240.service'), 'utf8');
  assert.match(unit, /^ExecStart="\/.*" "weir" "vip" "add" "172\.29\.3\.240\/32" "--dev" "up7" "--label" "up7:0"$/m);
  assert.ok(existsSync(join(systemd, 'etc/systemd/system/multi-user.target.wants')));
  gate.weir(`vip del 172.29.3.240 --dev up7 --root ${systemd}`);
  assert.equal(existsSync(join(systemd, 'etc/systemd/system/weir-vip-172.29.3.240.service')), false);
});

breadth('bad input is reported in one line and changes nothing', on, () => {
  gate.ip('link add down3 type bridge');
  const untouched = addresses(gate);
  for (const [line, status, words] of [
    ['add 172.29.3.256 --dev up7', 2, 'not an IPv4 address: 172.29.3.256'],
    ['add 172.29.3.2/0 --dev up7', 2, 'not a prefix length (1 to 32): 0'],
    ['add 172.29.3.2/33 --dev up7', 2, 'not a prefix length (1 to 32): 33'],
    ['add 2001:db8::5x --dev up7', 2, 'not an IPv6 address: 2001:db8::5x'],
    ['add 2001:db8::5/129 --dev up7', 2, 'not a prefix length (1 to 128): 129'],
    ['add 2001:db8::5 --dev up7 --label up7:1', 1, 'label up7:1: IPv6 addresses have no labels'],
    ['add 172.29.3.2', 2, '--dev is missing'],
    ['add --dev up7', 2, 'the address is missing'],
    ['add 172.29.3.2 x --dev up7', 2, 'unexpected argument: x'],
    ['put 172.29.3.2 --dev up7', 2, 'unknown action: put (add, del or status)'],
    ['constructor 172.29.3.2 --dev up7', 2, 'unknown action: constructor (add, del or status)'],
    ['add 172.29.3.2 --dev up8', 1, 'no such interface: up8'],
    ['add 172.29.3.2 --dev down3', 1, 'down3 is down — fix: ip link set down3 up'],
    ['add 172.29.3.2 --dev lo', 1, 'lo is the loopback — fix: VIPs of a real server go there, with weir realserver start'],
    [
      'add 172.29.3.9 --dev up7',
      1,
      '172.29.3.9/20 is on up7 already — fix: leave it there, where its services find it, or remove it first: ip addr del 172.29.3.9/20 dev up7',
    ],
    ['add 172.29.15.255 --dev up7', 1, '172.29.15.255 is the broadcast address of the network 172.29.0.0/20: no host can have it'],
    ['add 172.29.9.0/24 --dev up7', 1, '172.29.9.0 is the first address of the network 172.29.9.0/24: no host can have it'],
    ['add 172.29.3.2 --dev up7 --label eth0:1', 1, 'label eth0:1 must be up7:N'],
    ['add 172.29.3.2 --dev up7 --label up7:012345678901', 1, 'label up7:012345678901 cannot be: up7:N, at most 15 characters'],
    ['add 224.0.0.5 --dev up7', 1, '224.0.0.5 cannot be a VIP'],
    ['status 172.29.3.2 --dev up8', 1, 'no such interface: up8'],
    ['del 172.29.3.2 --dev up8', 1, 'no such interface: up8'],
  ] as const) {
    const { status: got, stderr } = gate.weir(`vip ${line}`);
    assert.deepEqual([got, stderr], [status, `weir vip: ${words}\n`]);
  }
  assert.equal(addresses(gate), untouched);
});

test('an address that a daemon manages is refused, whatever its command line, its config-id and its mounts are', on, async () => {
  const file = join(folder, 'mounted', 'keep alived.conf');
  const instance = 'vrrp_instance V {\n@me interface up7\n@you interface none\nvirtual_router_id 9\nvirtual_ipaddress { 172.29.3.240 }\n}';
  const script = `mkdir "$1" && mount -t tmpfs none "$1" && printf '%s\\n' '${instance}' > "$2" &&
    exec '${process.execPath}' '${ENTRY}' keepalived -nlP --use-fil="$2" -ime -p "$1/pid" -r "$1/vrrp" 2>&1`;
  const argv = ['unshare', '--mount', 'sh', '-ec', script, 'sh', join(folder, 'mounted'), file];
  await gate.serve(bed, argv, STARTED);
  const { status, stderr } = gate.weir('vip add 172.29.3.240 --dev up7');
  assert.equal(status, 1);
  assert.match(stderr, /^weir vip: V of \/proc\/\d+\/root\/\S+ alived\.conf manages 172\.29\.3\.240: only the master may have it/);
  const shown = /^daemons {4}weir \d+ since .*, \/proc\/\d+\/root\/\S+ alived\.conf$/m;
  const { stdout } = await published(
    () => gate.weir('status'),
    (ran) => shown.test(ran.stdout),
  );
  assert.match(stdout, shown);
});

breadth('a file that another mount namespace alone has, behind an absolute include and an absolute link', on, async () => {
  const own = join(folder, 'own');
  const [file, link, part] = ['keepalived.conf', 'link.conf', 'part.conf'].map((name) => join(own, name));
  const instance = 'vrrp_instance I {\ninterface up7\nvirtual_router_id 11\nvirtual_ipaddress { 172.29.3.242 }\n}';
  const script = `mkdir "$1" && mount -t tmpfs none "$1" && printf '%s\n' '${instance}' > '${part}' && ln -s '${part}' '${link}' &&
    echo 'include ${link}' > '${file}' && exec '${process.execPath}' '${ENTRY}' keepalived -nlP -f '${file}' -p "$1/pid" -r "$1/vrrp" 2>&1`;
  await gate.serve(bed, ['unshare', '--mount', 'sh', '-ec', script, 'sh', own], STARTED);
  const { status, stderr } = gate.weir('vip add 172.29.3.242 --dev up7');
  assert.equal(status, 1, 'it is not added');
  assert.match(stderr, /^weir vip: I of \/proc\/\d+\/root\/\S+ manages 172\.29\.3\.242: /);
  const pid = /\/proc\/(\d+)\/root/.exec(stderr)?.[1];
  const plan = await published(
    () => gate.weir(`plan ${pid}`),
    ({ status }) => status === 0,
  );
  assert.deepEqual([plan.status, plan.stderr], [0, ''], 'the plan reads what the daemon reads');
});

/** The plan is one of a reload as soon as the daemon has published what it runs with. */
async function published(plan: () => Ran, right: (plan: Ran) => boolean): Promise<Ran> {
  for (let tries = 0; tries < 600 && !right(plan()); tries++) await pause(100);
  return plan();
}

const vrrpOf = (name: string, vrid: number, vip: string): string =>
  `vrrp_instance ${name} {\ninterface up7\nvirtual_router_id ${vrid}\nvirtual_ipaddress { ${vip} }\n}\n`;
const breakFile = (file: string): void => writeFileSync(file, readFileSync(file, 'utf8').replace('virtual_router_id', 'virtual_router'));

test('a keepalived.conf that was broken after a keepalived read it that publishes nothing', on, async () => {
  const file = join(folder, 'silent.conf');
  writeFileSync(file, vrrpOf('S', 10, '172.29.3.241'));
  const add = (option = '') => gate.weir(`vip add 172.29.3.241 --dev up7 ${option}`);
  // It shows no more than its command line.
  const fifo = join(folder, 'never');
  assert.equal(gate.run(['mkfifo', fifo]).status, 0);
  await gate.serve(bed, ['bash', '-c', `exec -a keepalived sh -c 'echo up; read -r line < ${fifo}' -f '${file}'`]);
  assert.match(add().stderr, /^weir vip: S of \S+ manages 172\.29\.3\.241: /);
  breakFile(file);
  const refused = add();
  assert.deepEqual([refused.status, refused.stdout], [1, '']);
  const words =
    /^weir vip: whether a VRRP instance manages 172\.29\.3\.241 cannot be known: .*Unknown keyword 'virtual_router'.*--force\n$/;
  assert.match(refused.stderr, words);
  assert.deepEqual([add('--force').status, gate.weir('vip del 172.29.3.241 --dev up7').status], [0, 0]);
});

breadth("a keepalived.conf that was broken after weir's daemon read it", { ...on, timeout: 120_000 }, async () => {
  const [file, pid, vrrp] = ['conf', 'pid', 'vrrp'].map((name) => join(folder, `broken.${name}`)) as [string, string, string];
  writeFileSync(file, vrrpOf('B', 12, '172.29.3.243'));
  const daemon = `exec '${process.execPath}' '${ENTRY}' keepalived -nlP -f '${file}' -p '${pid}' -r '${vrrp}' 2>&1`;
  await gate.serve(bed, ['sh', '-c', daemon]);
  const plan = await published(
    () => gate.weir(`plan -f ${file} ${existsSync(pid) ? readFileSync(pid, 'utf8').trim() : ''}`),
    ({ stdout }) => stdout.startsWith('a reload'),
  );
  assert.match(plan.stdout, /^a reload/, plan.stderr);
  breakFile(file);
  const words = /^weir vip: B of \S+ manages 172\.29\.3\.243: only the master may have it/;
  for (const option of ['', '--force']) assert.match(gate.weir(`vip add 172.29.3.243 --dev up7 ${option}`).stderr, words);
  const { findings } = JSON.parse(gate.weir('doctor --role vrrp --wait 0.2 --json').stdout) as { findings: readonly Finding[] };
  const broken = findings.filter(({ code, what }) => code === 'configuration-broken' && what.includes(file));
  assert.deepEqual(
    broken.map(({ severity }) => severity),
    ['warning'],
  );
  assert.match(broken[0]?.cause ?? '', /Unknown keyword 'virtual_router'/);
  assert.equal(
    findings.some(({ code }) => code === 'vrrp-vip-left'),
    false,
    "its address is the daemon's still",
  );
});
