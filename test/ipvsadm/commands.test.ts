// ipvsadm as processes on the eBPF director: large restores, many at once, killed at any point, and without root.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Dirt } from '../../src/datapath/ebpf/batch.js';
import { Tables } from '../../src/datapath/ebpf/tables.js';
import { native } from '../../src/sys/addon.js';
import { Bpffs } from '../../src/sys/bpffs.js';
import type { Records } from '../../src/sys/records.js';
import { ENTRY, Host, noNamespaces } from '../support/netns-bed.js';

const skip = noNamespaces();

/** A namespace of its own, the datapath taken away and itself gone at the end. */
async function inNamespace(work: (host: Host) => Promise<void>): Promise<void> {
  const name = `weircli${process.pid}x${Math.trunc(performance.now())}`;
  assert.equal(spawnSync('ip', ['netns', 'add', name]).status, 0);
  const host = new Host(name, name);
  try {
    await work(host);
  } finally {
    host.weir('unload');
    spawnSync('ip', ['netns', 'del', name]);
  }
}

/** Starts `ipvsadm` there with this input. */
function start(host: Host, line: string, input = ''): ChildProcess {
  const child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, ENTRY, 'ipvsadm', ...line.split(' ')], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // A child that is killed leaves input unread.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return child;
}

function startRestore(host: Host, input: string): ChildProcess {
  const argv = ['netns', 'exec', host.namespace, process.execPath, ENTRY, 'ipvsadm-restore', '--atomic'];
  const child = spawn('ip', argv, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return child;
}

function restoreLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const service = `-t 10.0.${index >> 9}.1:${1000 + ((index >> 1) & 0xff)}`;
    return index % 2 === 0 ? `-A ${service} -s wrr` : `-a ${service} -r 192.168.${index >> 8}.${index & 255}:80 -m -w 3`;
  });
}

function ok(ran: { status: number; stdout: string; stderr: string }): string {
  assert.deepEqual({ status: ran.status, stderr: ran.stderr }, { status: 0, stderr: '' });
  return ran.stdout;
}

test('10,000 lines come back as they were restored, and go with -C', { skip }, async () => {
  await inNamespace(async (host) => {
    const lines = restoreLines(10_000);
    ok(host.run([process.execPath, ENTRY, 'ipvsadm', '-R'], lines.join('\n')));
    const saved = ok(host.ipvsadm('-Sn')).split('\n').slice(0, -1);
    assert.deepEqual([...saved].sort(), [...lines].sort());
    ok(host.run([process.execPath, ENTRY, 'ipvsadm-restore', '--atomic'], saved.join('\n')));
    assert.deepEqual(ok(host.ipvsadm('-Sn')).split('\n').slice(0, -1), saved);
    ok(host.ipvsadm('-C'));
    assert.equal(ok(host.ipvsadm('-Sn')), '');
  });
});

test('many commands at once: every change is there, every listing is whole', { skip }, async () => {
  await inNamespace(async (host) => {
    ok(host.ipvsadm('-A -t 10.0.0.1:80 -s rr'));
    const writers = Array.from({ length: 8 }, (_, index) => start(host, `-a -t 10.0.0.1:80 -r 192.168.0.${index + 1}:80 -m -w ${index}`));
    const readers = Array.from({ length: 4 }, () => start(host, '-Ln'));
    const statuses = await Promise.all([...writers, ...readers].map(async (child) => (await once(child, 'exit'))[0]));
    assert.deepEqual(statuses, new Array(12).fill(0));
    const lines = ok(host.ipvsadm('-Sn')).split('\n').slice(1, -1);
    assert.deepEqual(
      lines,
      writers.map((_, index) => `-a -t 10.0.0.1:80 -r 192.168.0.${index + 1}:80 -m -w ${index}`),
    );
  });
});

test('killed in the middle of a restore, it leaves a table that begins as the input does, and works', { skip }, async () => {
  await inNamespace(async (host) => {
    const lines = restoreLines(4000);
    for (let delay = 60; delay <= 260; delay += 25) {
      ok(host.ipvsadm('-C'));
      const child = start(host, '-R', lines.join('\n'));
      const timer = setTimeout(() => child.kill('SIGKILL'), delay);
      await once(child, 'exit');
      clearTimeout(timer);
      const saved = ok(host.ipvsadm('-Sn')).split('\n').slice(0, -1);
      assert.deepEqual([...saved].sort(), lines.slice(0, saved.length).sort());
      ok(host.ipvsadm('-A -t 10.9.9.9:80 -s rr'));
      ok(host.ipvsadm('-D -t 10.9.9.9:80'));
    }
  });
});

/** The tables of another namespace, as its own commands have them mapped. */
function tablesOf(host: Host): Tables {
  const namespace = native().open(`/run/netns/${host.namespace}`, 0);
  try {
    return new Tables(Bpffs.ensure().path(native().netnsCookie(namespace)));
  } finally {
    native().close(namespace);
  }
}

/** Kills it when it has made so many changes, unless it has ended before. */
async function killAfter(child: ChildProcess, conf: Records, changes: number): Promise<void> {
  const began = conf.get(0, Conf.generation);
  const gone = once(child, 'exit');
  while (child.exitCode === null && conf.get(0, Conf.generation) - began < changes) await new Promise((done) => setImmediate(done));
  child.kill('SIGKILL');
  await gone;
}

test('ipvsadm-restore --atomic, killed after any number of changes: all or nothing, in each of two namespaces', { skip }, async () => {
  await inNamespace((left) =>
    inNamespace(async (right) => {
      const half = restoreLines(240).slice(120).join('\n');
      const whole = restoreLines(400)
        .map((line) => line.replace('-w 3', '-w 7'))
        .join('\n');
      for (const host of [left, right]) ok(host.run([process.execPath, ENTRY, 'ipvsadm', '-R'], half));
      const before = ok(left.ipvsadm('-Sn'));
      const confs = [left, right].map((host) => tablesOf(host).conf);
      const seen = new Set<string>();
      let halves = 0;
      for (let round = 0; round < 18; round++) {
        const children = [left, right].map((host) => startRestore(host, whole));
        const ends = children.map((child, k) => killAfter(child, confs[k] as Records, (round * 24 + k * 12) % 430));
        await Promise.all(ends);
        for (const conf of confs) if (conf.get(0, Conf.dirty) === Dirt.batch) halves++;
        for (const host of [left, right]) {
          const after = ok(host.ipvsadm('-Sn'));
          const all = after !== before;
          seen.add(all ? 'all' : 'nothing');
          if (!all) continue;
          assert.deepEqual(after.split('\n').slice(0, -1).sort(), whole.split('\n').sort(), `round ${round}`);
          ok(host.run([process.execPath, ENTRY, 'ipvsadm-restore', '--atomic'], before));
          assert.equal(ok(host.ipvsadm('-Sn')), before);
        }
      }
      assert.ok(halves > 10 && seen.has('nothing'), `killed half way ${halves} times: ${[...seen]}`);
    }),
  );
});

test('who is not root is told so', { skip: skip || (spawnSync('setpriv', ['--version']).status === 0 ? false : 'no setpriv here') }, () => {
  const folder = mkdtempSync(`${tmpdir()}/weir-cli-`);
  try {
    chmodSync(folder, 0o755);
    cpSync(ENTRY.replace(/src\/cli\/main\.js$/, 'src'), `${folder}/build/src`, { recursive: true });
    cpSync(ENTRY.replace(/build\/src\/cli\/main\.js$/, 'dist'), `${folder}/dist`, { recursive: true });
    cpSync(ENTRY.replace(/build\/src\/cli\/main\.js$/, 'package.json'), `${folder}/package.json`);
    const nobody = ['--reuid', '65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
    const { status, stderr } = spawnSync('setpriv', [...nobody, process.execPath, `${folder}/build/src/cli/main.js`, 'ipvsadm', '-Ln'], {
      encoding: 'utf8',
    });
    assert.equal(
      stderr,
      "Can't initialize ipvs: Permission denied (you must be root)\nAre you sure that IP Virtual Server is built in the kernel or as module?\n",
    );
    assert.equal(status, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
