// The Debian packages on Debian 12 without build tools, made by debootstrap: installed by apt, the table restored by the service's own lines, a
// connection kept while the package is replaced, the daemon's proxy by Debian's own node, and nothing left when it is removed. The director's commands run in a network namespace.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keptBuild } from '../datapath/exchange-bed.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, type Skip } from '../support/probes.js';
import { root as checkout } from '../support/project.js';

const SUITE = 'bookworm';
const VIP = '192.0.2.1';
const LIMIT_MS = 400_000;
const skip: Skip = noNamespaces() || noTools('debootstrap', 'dpkg-deb', 'clang', 'llvm-strip', 'nsenter', 'unshare');

const MOUNTS = 'mount -t proc proc $1/proc; mount -t sysfs sysfs $1/sys; mount -t tmpfs tmpfs $1/run; mount --rbind /dev $1/dev';
const ENVIRONMENT = ['HOME=/root', 'LANG=C.UTF-8', 'TERM=dumb', 'DEBIAN_FRONTEND=noninteractive', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'];

function run(argv: readonly string[], cwd = checkout): string {
  const { status, stdout, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8', cwd, timeout: LIMIT_MS });
  assert.equal(status, 0, `${argv.join(' ')}: ${stdout.slice(-2000)}${stderr.slice(-2000)}`);
  return stdout;
}

/** A command in the system, in mounts of its own, in the network of this host: for apt. */
const inSystem = (system: string, command: string): string =>
  run([
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-ec',
    `${MOUNTS}; exec chroot $1 env -i ${ENVIRONMENT.join(' ')} sh -ec "$2"`,
    'sh',
    system,
    command,
  ]);

/** The packages of this build, and the same as an older release that has other programs. */
function makePackages(folder: string): { readonly before: string; readonly now: string } {
  const [before, now, opened] = ['before', 'now', 'opened'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(before, { recursive: true });
  run([process.execPath, 'dev/package.mjs', '--revision', '2', '--out', now]);
  const { object, remove } = keptBuild();
  try {
    for (const file of readdirSync(now)) {
      rmSync(opened, { recursive: true, force: true });
      run(['dpkg-deb', '-R', join(now, file), opened]);
      const control = join(opened, 'DEBIAN/control');
      writeFileSync(control, readFileSync(control, 'utf8').replaceAll(/(\d)-2\b/g, '$1-1'));
      if (file.startsWith('weir_')) copyFileSync(object, join(opened, 'usr/lib/weir/dist/weir.bpf.o'));
      run(['dpkg-deb', '--root-owner-group', '-b', opened, before]);
    }
  } finally {
    remove();
  }
  return { before, now };
}

const POLL_MS = 50;
const ECHO = `require('http').createServer((q, a) => a.end('by the proxy')).listen(83);
require('net').createServer((c) => c.on('error', () => {}).pipe(c)).listen(80, () => console.log('ready'))`;
/** Sends a line every 20 ms and reads it again; prints how many came back when its input ends. */
const TALK = `let sent = 0, came = 0;
const c = require('net').connect(80, '${VIP}', () => { console.log('ready'); setInterval(() => c.write((sent++) + '\\n'), 20); });
let rest = ''; c.on('data', (d) => { const lines = (rest + d).split('\\n'); rest = lines.pop(); for (const l of lines) if (Number(l) === came) came++; });
for (const e of ['error', 'end']) c.on(e, (x) => { console.log('lost', String(x)); process.exit(1); });
process.stdin.on('data', () => console.log('came', came, sent));`;

/** The line that a process prints next. */
const line = (child: ChildProcess): Promise<string> =>
  new Promise((done, fail) => {
    child.once('exit', (status) => fail(new Error(`ended with ${status}`)));
    child.stdout?.once('data', (text: Buffer) => done(text.toString().trim()));
  });

function network(bed: Bed): { readonly client: Host; readonly director: Host } {
  const [outside, inside] = [bed.lan('outside'), bed.lan('inside')];
  const [client, director, server] = [bed.host('client'), bed.host('director'), bed.host('server')];
  bed.cable(client, 'eth0', outside, '192.0.2.10/24');
  bed.cable(director, 'eth0', outside, `${VIP}/24`);
  bed.cable(director, 'eth1', inside, '198.51.100.1/24');
  bed.cable(server, 'eth0', inside, '198.51.100.2/24');
  server.ip('route add default via 198.51.100.1');
  director.sysctl('net.ipv4.ip_forward', '1');
  spawnEcho(bed, server);
  return { client, director };
}

function spawnEcho(bed: Bed, server: Host): void {
  bed.endsWith(spawn('ip', ['netns', 'exec', server.namespace, process.execPath, '-e', ECHO], { stdio: 'ignore' }));
}

interface Enter {
  /** A command, to its end. Returns what it prints. */
  readonly run: (command: string) => string;
  readonly start: (command: string) => ChildProcess;
}

/** The system's commands in the director's network, in mounts that last: where the tables are pinned. */
async function inDirector(bed: Bed, system: string, { namespace }: Host): Promise<Enter> {
  const keep = `${MOUNTS}; exec chroot $1 sh -c 'echo ready; exec sleep 3600'`;
  const argv = ['netns', 'exec', namespace, 'unshare', '--mount', '--propagation', 'private', 'sh', '-ec', keep, 'sh', system];
  const keeper = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  bed.endsWith(keeper);
  assert.equal(await line(keeper), 'ready');
  const enter = ['nsenter', '-t', String(keeper.pid), '--mount', '--net', '--root', '--wd=/', 'env', '-i', ...ENVIRONMENT, 'sh', '-ec'];
  return {
    run: (command) => run([...enter, command]),
    start: (command) => spawn('nsenter', [...enter.slice(1), command], { stdio: ['ignore', 'pipe', 'pipe'] }),
  };
}

/** The lines of a unit, as systemd would run them. */
function unitLines(unit: string, key: string): string {
  const lines = [...unit.matchAll(new RegExp(`^${key}=-?(.*)$`, 'gm'))].map(([, command]) => command);
  assert.notEqual(lines.length, 0);
  return lines.join('\n');
}

async function talkingDuring(bed: Bed, client: Host, work: () => void): Promise<void> {
  const argv = ['netns', 'exec', client.namespace, process.execPath, '-e', TALK];
  const talk = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  bed.endsWith(talk);
  assert.equal(await line(talk), 'ready');
  const came = async (): Promise<number> => {
    talk.stdin?.write('?\n');
    return Number(/^came (\d+) /.exec(await line(talk))?.[1]);
  };
  const before = await came();
  work();
  const after = await came();
  assert.ok(after > before + 10, `${before} lines before, ${after} after`);
}

/** A service for each build of the programs: FTP's helper, FULLNAT, both kinds of tunnels, all ports, SCTP, marks, calls, and IPv6 of each. */
const [VIP6, SERVER6] = ['[2001:db8::1]', '[2001:db8:1::2]'];
const EVERY_BUILD = [
  [`-t ${VIP}:21 -s rr`, '198.51.100.2:21 -m'],
  [`-t ${VIP}:81 -s rr`, '198.51.100.2:80 --fullnat --local-address 198.51.100.1'],
  [`-t ${VIP}:82 -s rr`, '198.51.100.2:82 -i'],
  [`-t ${VIP6}:82 -s rr`, `${SERVER6}:82 -i --tun-type gue --tun-port 6080`],
  [`-t ${VIP}:0 -s rr -p 300`, '198.51.100.2:0 -m'],
  [`-t ${VIP6}:0 -s rr -p 300`, `${SERVER6}:0 -m`],
  [`--sctp-service ${VIP}:2905 -s rr`, '198.51.100.2:3905 -m'],
  [`--sctp-service ${VIP6}:2905 -s rr`, `${SERVER6}:3905 -m`],
  ['-f 1 -s rr', '198.51.100.2:0 -m'],
  [`-u ${VIP}:5060 -s rr -p 300 --pe sip`, '198.51.100.2:5060 -m'],
] as const;

/** Each of them is loaded, and connections by FULLNAT are served. */
function loadsEveryBuild({ run: director }: Enter, client: Host): void {
  const commands = EVERY_BUILD.flatMap(([service, server]) => {
    const key = service.split(' ').slice(0, 2).join(' ');
    return [`ipvsadm -A ${service}`, `ipvsadm -a ${key} -r ${server}`];
  });
  director(commands.join('; '));
  assert.equal(director('ipvsadm-save -n').trim().split('\n').length, 2 * EVERY_BUILD.length);
  const asked = `const c = require('net').connect(81, '${VIP}', () => c.end('by FULLNAT')); c.pipe(process.stdout);`;
  assert.equal(run(['ip', 'netns', 'exec', client.namespace, process.execPath, '-e', asked]), 'by FULLNAT');
  director('ipvsadm -C');
}

/** The daemon's processes with a weir.yaml, by the system's own node: the proxy serves a client, the API reads. */
async function servesByProxy(bed: Bed, director: Enter, client: Host): Promise<void> {
  const yaml = `layer7: {listeners: {web: '${VIP}:83'}, pools: {web: {servers: ['198.51.100.2:83']}}, hosts: [{locations: [{location: /, pool: web}]}]}`;
  director.run(`mkdir -p /etc/weir; echo "${yaml}" > /etc/weir/weir.yaml`);
  const daemon = director.start('exec weir run -n -l -D');
  bed.endsWith(daemon);
  let log = '';
  for (const stream of [daemon.stdout, daemon.stderr]) stream?.on('data', (piece: Buffer) => (log += piece.toString('latin1')));
  while (!log.includes(`serves ${VIP}:83 with`)) {
    assert.equal(daemon.exitCode, null, log);
    await sleep(POLL_MS);
  }
  const asked = `require('http').get('http://${VIP}:83/', (r) => r.on('data', (d) => process.stdout.write(d)));`;
  assert.equal(run(['ip', 'netns', 'exec', client.namespace, process.execPath, '-e', asked]), 'by the proxy');
  daemon.kill('SIGTERM');
  const [status] = await once(daemon, 'exit');
  assert.equal(status, 0, log);
  director.run('rm /etc/weir/weir.yaml');
}

function restoredByTheUnit({ run: director }: Enter): void {
  const unit = director('cat /usr/lib/systemd/system/ipvsadm.service');
  director(`ipvsadm -A -t ${VIP}:80 -s rr; ipvsadm -a -t ${VIP}:80 -r 198.51.100.2 -m; echo IPVS_SAVE_ON_STOP=yes > /etc/default/ipvsadm`);
  const table = director('ipvsadm-save -n');
  director(unitLines(unit, 'ExecStop'));
  assert.equal(director('ipvsadm-save -n'), '');
  assert.equal(director('cat /etc/ipvsadm.rules'), table);
  director(unitLines(unit, 'ExecStart'));
  assert.equal(director('ipvsadm-save -n'), table);
  director(unitLines(unit, 'ExecReload'));
  assert.match(unit, /^Before=keepalived\.service$/m);
}

test('Debian 12: the packages are installed, restored from, replaced under traffic and removed', { skip, timeout: LIMIT_MS }, async (t) => {
  const bed = new Bed();
  try {
    const folder = bed.folder('weir-debian-');
    const system = join(folder, SUITE);
    const made = spawnSync('debootstrap', ['--variant=minbase', SUITE, system], { encoding: 'utf8', timeout: LIMIT_MS });
    if (made.status !== 0)
      return t.skip(`probe debian-archive: debootstrap could not make ${SUITE}: ${made.stdout.trim().split('\n').at(-1)}`);
    const { before, now } = makePackages(folder);
    for (const name of ['resolv.conf', 'hosts']) copyFileSync(`/etc/${name}`, join(system, 'etc', name));
    run(['cp', '-r', before, now, system]);
    inSystem(system, 'apt-get update -q; apt-get install -qy --no-install-recommends /before/*.deb');
    assert.match(inSystem(system, 'node --version; ! command -v clang gcc cc'), /^v18\./);

    const { client, director: host } = network(bed);
    const entered = await inDirector(bed, system, host);
    const { run: director } = entered;
    director('weir load; keepalived --version; zcat /usr/share/man/man8/ipvsadm.8.gz | grep "^.TH IPVSADM 8"');
    director('bash -c ". /usr/share/bash-completion/completions/ipvsadm; complete -p ipvsadm"');
    loadsEveryBuild(entered, client);
    await servesByProxy(bed, entered, client);
    restoredByTheUnit(entered);
    for (const file of ['nftables.service.d/weir.conf', 'firewalld.service.d/weir.conf', 'weir-firewall.service'])
      assert.match(
        director(`cat /usr/lib/systemd/system/${file}`),
        /^Exec\w+=(-\+\/bin\/sh \/usr\/lib\/weir\/share\/systemd\/follow-firewall|\/usr\/sbin\/weir load --if-loaded)$/m,
      );
    director('sh /usr/lib/weir/share/systemd/follow-firewall');
    await talkingDuring(bed, client, () => {
      director('dpkg -i /now/*.deb');
      assert.match(director('weir status'), /programs of this build/);
    });
    assert.match(director('weir install --dry-run 2>&1 || true'), /a package of this system installed weir/);
    director('dpkg -r weir-keepalived weir');
    assert.equal(director('ls -d /usr/lib/weir /usr/sbin/ipvsadm /sys/class/net/weir0 2>/dev/null || true'), '');
  } finally {
    bed.close();
  }
});
