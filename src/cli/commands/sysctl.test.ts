import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { memoryIo } from '../io.js';
import { runSysctl } from './sysctl.js';

const director = new MemoryDirector();

async function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const io = memoryIo();
  const status = await runSysctl(args, io, () => director);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

test('reading', async () => {
  assert.deepEqual(await run('net.ipv4.vs.am_droprate'), { status: 0, stdout: 'net.ipv4.vs.am_droprate = 10\n', stderr: '' });
  assert.equal((await run('net/ipv4/vs/am_droprate', '-n')).stdout, '10\n');
  assert.equal((await run('-N', 'net.ipv4.vs.am_droprate')).stdout, 'net.ipv4.vs.am_droprate\n');
  assert.equal((await run('net.ipv4.vs.sync_threshold')).stdout, 'net.ipv4.vs.sync_threshold = 3\t50\n');
});

test('writing', async () => {
  assert.deepEqual(await run('net.ipv4.vs.sync_ports=4'), { status: 0, stdout: 'net.ipv4.vs.sync_ports = 4\n', stderr: '' });
  assert.equal((await run('-w', 'net.ipv4.vs.sync_ports = 8')).stdout, 'net.ipv4.vs.sync_ports = 8\n');
  assert.equal((await run('-qw', 'net.ipv4.vs.sync_ports=2')).stdout, '');
  assert.equal((await run('-n', 'net.ipv4.vs.sync_ports=1')).stdout, '1\n');
  for (const value of ['3', 'x', '', '0']) {
    const { status, stderr } = await run('-w', `net.ipv4.vs.sync_ports=${value}`);
    assert.equal(status, 1);
    assert.equal(stderr, 'sysctl: setting key "net.ipv4.vs.sync_ports": Invalid argument\n');
  }
  assert.equal((await run('net.ipv4.vs.sync_ports')).stdout, 'net.ipv4.vs.sync_ports = 1\n');
  assert.equal((await run('-w', 'net.ipv4.vs.sync_ports')).stderr, 'sysctl: command line(0): invalid syntax, continuing...\n');
});

test('what has no effect is kept, and a line reports it', async () => {
  const { status, stdout, stderr } = await run('-w', 'net.ipv4.vs.conntrack=1');
  assert.deepEqual([status, stdout], [0, 'net.ipv4.vs.conntrack = 1\n']);
  assert.equal(stderr, 'weir: net.ipv4.vs.conntrack is kept, but has no effect: packets of virtual services do not pass netfilter\n');
  assert.equal((await run('-w', 'net.ipv4.vs.conntrack=0')).stderr, '');
});

test('a key that there is not', async () => {
  const text = 'sysctl: cannot stat /proc/sys/net/ipv4/vs/x: No such file or directory\n';
  assert.deepEqual(await run('net.ipv4.vs.x'), { status: 1, stdout: '', stderr: text });
  assert.deepEqual(await run('-w', 'net.ipv4.vs.x=1'), { status: 1, stdout: '', stderr: text });
  assert.deepEqual(await run('net.ipv4.vs.x', 'net.ipv4.vs.conntrack'), { status: 1, stdout: 'net.ipv4.vs.conntrack = 0\n', stderr: text });
  assert.deepEqual(await run('-e', 'net.ipv4.vs.x'), { status: 0, stdout: '', stderr: '' });
});

test('a key of the kernel, and a bare one: the next step', async () => {
  const missing = (path: string, step: string): string =>
    `sysctl: cannot stat /proc/sys/${path}: No such file or directory\nweir: ${step}\n`;
  const others = 'there are keys of net.ipv4.vs.* alone — fix: sysctl(8) for the others';
  for (const words of [['net.ipv4.ip_forward'], ['-w', 'net.ipv4.ip_forward=1']])
    assert.deepEqual(await run(...words), { status: 1, stdout: '', stderr: missing('net/ipv4/ip_forward', others) });
  const whole = missing('expire_nodest_conn', 'expire_nodest_conn lacks its prefix — fix: net.ipv4.vs.expire_nodest_conn');
  for (const words of [['expire_nodest_conn'], ['-w', 'expire_nodest_conn=1']])
    assert.deepEqual(await run(...words), { status: 1, stdout: '', stderr: whole });
  assert.equal((await run('nosuch')).stderr, missing('nosuch', others));
  assert.equal((await run('-e', 'net.ipv4.ip_forward')).stderr, '');
});

test('all of them, by name', async () => {
  const { stdout } = await run('-a');
  const names = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' = ')[0] ?? '');
  assert.deepEqual(names, [...names].sort());
  assert.equal(names.length, director.sysctls().size);
  for (const folder of ['net.ipv4.vs', 'net/ipv4/vs']) assert.deepEqual(await run(folder), { status: 0, stdout, stderr: '' });
});

test('no key, or a flag that there is not', async () => {
  assert.match((await run()).stderr, /^usage: weir sysctl/);
  assert.equal((await run('-Z', 'net.ipv4.vs.x')).status, 1);
});
