import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { noRoot, noTools, notFirstNamespaces } from '../../../test/support/probes.js';
import { native } from '../addon.js';
import { Fd, using } from '../fd.js';
import { Netns } from '../namespaces/netns.js';
import { processesIn } from '../namespaces/processes-in.js';
import { removeNetns } from '../namespaces/remove-netns.js';
import { liveCookies, nsfsMounts } from './live-netns.js';

const root = { skip: noRoot() };
const seeing = { skip: noRoot() || notFirstNamespaces() };

test('reads bind mounts out of mountinfo', () => {
  const text = [
    '22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw',
    '101 23 0:4 net:[4026532241] /run/netns/a\\040b rw shared:5 - nsfs nsfs rw',
    '102 23 0:4 mnt:[4026532242] /run/other rw - nsfs nsfs rw',
    '',
  ].join('\n');
  assert.deepEqual(nsfsMounts(text), [
    { root: 'net:[4026532241]', point: '/run/netns/a b' },
    { root: 'mnt:[4026532242]', point: '/run/other' },
  ]);
});

test('a namespace is alive by name, by process, by descriptor, and then no more', seeing, async () => {
  const name = `sys-live-${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  const netns = Netns.byName(name);
  const { cookie } = netns;
  const never = 0xffff_ffff_ffffn;
  const alive = () => liveCookies([cookie, never]);
  let child: ReturnType<typeof spawn> | undefined;
  try {
    using(Netns.own(), (own) => assert.deepEqual(liveCookies([own.cookie, never]), new Set([own.cookie])));
    netns.close();
    assert.deepEqual(alive(), new Set([cookie]), 'by name');
    child = spawn('nsenter', [`--net=/run/netns/${name}`, 'sh', '-c', 'echo ready; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout ?? child, 'data');
    const handle = Netns.byName(name);
    assert.equal(removeNetns(name), undefined);
    assert.deepEqual(alive(), new Set([cookie]), 'by process');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(alive(), new Set([cookie]), 'by descriptor');
    handle.close();
    assert.deepEqual(alive(), new Set());
  } finally {
    child?.kill('SIGKILL');
  }
  assert.deepEqual(liveCookies([]), new Set());
  assert.equal(typeof native().netnsCookie(), 'bigint');
});

test('a namespace is alive while processes enter and leave it between two reads of their links', root, async () => {
  const names = ['a', 'b'].map((letter) => `sys-hop-${letter}-${process.pid}`);
  const hop = `
    const { native } = await import(${JSON.stringify(new URL('../addon.js', import.meta.url).href)});
    const fds = ${JSON.stringify(names)}.map((name) => native().open('/run/netns/' + name, 0));
    process.stdout.write('ready');
    for (const end = Date.now() + 10_000; Date.now() < end; ) fds.forEach((fd) => native().setns(fd));`;
  let hopper: ReturnType<typeof spawn> | undefined;
  try {
    for (const name of names) execFileSync('ip', ['netns', 'add', name]);
    const cookies = names.map((name) => using(Netns.byName(name), ({ cookie }) => cookie));
    hopper = spawn(process.execPath, ['--input-type=module', '-e', hop], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(hopper.stdout ?? hopper, 'data');
    for (let look = 0; look < 200; look++) assert.deepEqual(liveCookies(cookies), new Set(cookies), `look ${look}`);
  } finally {
    hopper?.kill('SIGKILL');
    for (const name of names) assert.equal(removeNetns(name), undefined);
  }
});

test('who asks for the cookie of a namespace is in it at no moment: it would be ended by who takes that namespace down', root, async () => {
  const name = `sys-ask-${process.pid}`;
  const ask = `
    const { native } = await import(${JSON.stringify(new URL('../addon.js', import.meta.url).href)});
    const fd = native().open('/run/netns/${name}', 0);
    process.stdout.write('ready');
    for (const end = Date.now() + 10_000; Date.now() < end; ) native().netnsCookie(fd);`;
  let asker: ReturnType<typeof spawn> | undefined;
  try {
    execFileSync('ip', ['netns', 'add', name]);
    asker = spawn(process.execPath, ['--input-type=module', '-e', ask], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(asker.stdout ?? asker, 'data');
    for (let look = 0; look < 2000; look++) assert.ok(!processesIn(name).includes(asker.pid ?? 0), `look ${look}`);
    assert.equal(asker.exitCode, null);
  } finally {
    asker?.kill('SIGKILL');
    assert.equal(removeNetns(name), undefined);
  }
});

test('what is no namespace is refused with the error of the call, also where the thread that made it ends first', root, () => {
  using(new Fd(native().open('/dev/null', 0), '/dev/null'), ({ number }) => {
    for (let turn = 0; turn < 500; turn++) assert.throws(() => native().netnsCookie(number), { code: 'EINVAL', syscall: 'setns' });
  });
});

const deprived = { skip: seeing.skip || noTools('setpriv', 'unshare') };

test('without the capabilities to search, and in a container, root takes all namespaces for alive and sweeps none', deprived, () => {
  const look = `
    const { liveCookies } = await import(${JSON.stringify(new URL('./live-netns.js', import.meta.url).href)});
    process.stdout.write([...liveCookies([1n, 2n])].join());`;
  const under = (command: string, ...without: readonly string[]): string =>
    execFileSync(command, [...without, process.execPath, '--input-type=module', '-e', look], { encoding: 'utf8' });
  const within = (...without: readonly string[]): string => under('setpriv', ...without);
  for (const capability of ['sys_admin', 'sys_ptrace']) {
    assert.equal(within('--bounding-set', `-${capability}`, '--inh-caps', '-all'), '1,2', capability);
  }
  assert.equal(under('unshare', '--pid', '--fork', '--mount-proc'), '1,2', 'a pid namespace hides the processes of the others');
  assert.equal(within(), '');
});
