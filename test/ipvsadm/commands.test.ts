// ipvsadm as processes on the eBPF director: large restores, many in parallel, killed at any point, and without root. (Killed more often:
// killed-restores.long.test.ts.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { breadth, test } from '../support/breadth.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { inNamespace, ok, restoreLines, start } from './commands-bed.js';
import { killMiddles, killRestores } from './killed-restores.js';

const skip = noNamespaces();

breadth('10,000 lines are listed as they were restored, and -C removes them', { skip }, async () => {
  await inNamespace(async (host) => {
    const lines = restoreLines(10_000);
    ok(host.run([process.execPath, ENTRY, 'ipvsadm', '-R'], lines.join('\n')));
    const saved = ok(host.ipvsadm('-Sn')).split('\n').slice(0, -1);
    assert.deepEqual([...saved].sort(), [...lines].sort());
    ok(host.run([process.execPath, ENTRY, 'ipvsadm-restore'], saved.join('\n')));
    assert.deepEqual(ok(host.ipvsadm('-Sn')).split('\n').slice(0, -1), saved);
    ok(host.ipvsadm('-C'));
    assert.equal(ok(host.ipvsadm('-Sn')), '');
  });
});

test('many commands in parallel: every change is there, every listing is complete', { skip }, async () => {
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

breadth('killed in the middle of a restore, it leaves a usable table with the first lines of the input', { skip }, () =>
  killMiddles([60, 160, 260]),
);

breadth('ipvsadm-restore, killed after any number of changes: all or nothing, in each of two namespaces', { skip }, () => killRestores(2));

test('a caller that is not root gets an error', { skip: skip || noTools('setpriv') }, () => {
  const folder = mkdtempSync(`${tmpdir()}/weir-cli-`);
  try {
    chmodSync(folder, 0o755);
    cpSync(dirname(ENTRY), `${folder}/dist`, { recursive: true });
    const nobody = ['--reuid', '65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
    const { status, stderr } = spawnSync('setpriv', [...nobody, process.execPath, `${folder}/dist/weir.cjs`, 'ipvsadm', '-Ln'], {
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
