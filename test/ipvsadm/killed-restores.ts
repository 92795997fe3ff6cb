// ipvsadm-restore and ipvsadm -R, killed so many times.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { Dirty } from '../../src/datapath/ebpf/recovery/batch.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { native } from '../../src/sys/addon.js';
import type { Records } from '../../src/sys/bpf/records.js';
import { ENTRY, type Host } from '../support/netns-bed.js';
import { inNamespace, ok, restoreLines, start } from './commands-bed.js';

function startRestore(host: Host, input: string): ChildProcess {
  const argv = ['netns', 'exec', host.namespace, process.execPath, ENTRY, 'ipvsadm-restore'];
  const child = spawn('ip', argv, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return child;
}

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

const exportOf = (host: Host): string => ok(host.run([process.execPath, ENTRY, 'weir', 'export']));

/** A little more than the restore makes. */
const CHANGES = 350;

/** After how many changes the k-th is killed in a round: all over the restore, and never twice the same. */
const killAt = (round: number, k: number): number => Math.trunc(((round * 0.618 + k * 0.31) % 1) * CHANGES);

/**
 * `ipvsadm-restore`, killed after any number of changes: all or nothing, in each of two namespaces. Goes on until so many were
 * half done: on a busy machine a kill comes late, when a restore has ended.
 */
export async function killRestores(halvesWanted: number): Promise<void> {
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
      for (let round = 0; halves < halvesWanted; round++) {
        assert.ok(round < 20 * halvesWanted, `killed half way ${halves} times in ${round} rounds: ${[...seen]}`);
        const children = [left, right].map((host) => startRestore(host, whole));
        const ends = children.map((child, k) => killAfter(child, confs[k] as Records, killAt(round, k)));
        await Promise.all(ends);
        for (const conf of confs) if (conf.get(0, Conf.dirty) === Dirty.batch) halves++;
        for (const host of [left, right]) {
          const exported = exportOf(host);
          const after = ok(host.ipvsadm('-Sn'));
          const all = after !== before;
          assert.equal(exportOf(host), exported, 'half a change is not exported');
          seen.add(all ? 'all' : 'nothing');
          if (!all) continue;
          assert.deepEqual(after.split('\n').slice(0, -1).sort(), whole.split('\n').sort(), `round ${round}`);
          ok(host.run([process.execPath, ENTRY, 'ipvsadm-restore'], before));
          assert.equal(ok(host.ipvsadm('-Sn')), before);
        }
      }
      assert.ok(seen.has('nothing'), 'what is half done is undone');
    }),
  );
}

/** `ipvsadm -R`, killed so long after its start: what is there are the first lines of its input. */
export async function killMiddles(delaysMs: readonly number[]): Promise<void> {
  await inNamespace(async (host) => {
    const lines = restoreLines(4000);
    for (const delay of delaysMs) {
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
}
