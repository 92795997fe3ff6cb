// A daemon that is the first process of a container: what its scripts leave behind is reaped, and the ends of its own children are not lost.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { projectRoot } from '../../src/lab/state/paths.js';
import { unlessCode } from '../../src/sys/errno.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';

const why = noNamespaces();
let bed: Bed;
let host: Host;
let folder: string;
const file = (name: string): string => join(folder, name);

before(() => {
  if (why !== false) return;
  bed = new Bed();
  host = bed.host('a');
  bed.cable(host, 'eth', bed.lan('lan'), '10.99.0.1/24');
  folder = mkdtempSync(join(tmpdir(), 'weir-orphans-'));
});
after(() => {
  if (why !== false) return;
  bed.close();
  rmSync(folder, { recursive: true });
});

/** State and parent of each process, by its pid. */
function processes(): ReadonlyMap<number, { readonly state: string; readonly parent: number }> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const stat = unlessCode(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), ['ENOENT', 'ESRCH'], '');
      const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === '' ? [] : [[Number(pid), { state, parent: Number(parent) }] as const];
    }),
  );
}
const childrenOf = (pid: number): readonly number[] => [...processes()].flatMap(([child, { parent }]) => (parent === pid ? [child] : []));

test('orphans are reaped; scripts and processes of its own are noticed as ever', { skip: why }, async () => {
  // A grandchild each, whose parent ends immediately; each notes its end.
  writeFileSync(file('leave'), `#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'echo x >> ${file('left')}' &); done\n`);
  writeFileSync(file('check'), `#!/bin/sh\nread status < ${file('status')}; exit $status\n`);
  for (const name of ['leave', 'check']) chmodSync(file(name), 0o755);
  writeFileSync(file('status'), '0\n');
  const script = ['vrrp_script chk {', `  script ${file('check')}`, '  interval 1', '}'];
  const lines = ['vrrp_instance VI_1 {', '  interface eth', '  virtual_router_id 51', '  priority 255', '  state MASTER'];
  const track = [
    '  track_script {',
    '    chk',
    '  }',
    `  notify ${file('leave')}`,
    '  virtual_ipaddress {',
    '    10.99.0.100/24',
    '  }',
    '}',
    '',
  ];
  writeFileSync(file('conf'), ['global_defs {', '  script_user root', '}', ...script, ...lines, ...track].join('\n'));
  const first = ['ip', 'netns', 'exec', host.namespace, 'unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const daemon = new RunningDaemon(
    [...first, join(projectRoot(), 'bin/keepalived'), '-n', '-l', '-D', '-P', '-f', file('conf'), '-p', file('p.pid'), '-r', file('r.pid')],
    { TMPDIR: folder },
  );
  try {
    await daemon.logged(/Entering MASTER STATE/);
    const one = childrenOf(daemon.pid)[0] ?? assert.fail('it has no child');
    const left = (): number => (existsSync(file('left')) ? readFileSync(file('left'), 'utf8').length / 2 : 0);
    await daemon.until('all that the script leaves', () => left() >= 10);
    const zombies = (): readonly number[] =>
      [...processes()].flatMap(([pid, { state, parent }]) => (parent === one && state === 'Z' ? [pid] : []));
    await daemon.until('no zombies', () => zombies().length === 0 && childrenOf(one).length === 1);

    writeFileSync(file('status'), '3\n');
    await daemon.logged(/Script `chk` now returning 3/);
    writeFileSync(file('status'), '0\n');
    await daemon.logged(/Script `chk` now returning 0/);
    const vrrp = childrenOf(one)[0] ?? assert.fail('it has no VRRP process');
    process.kill(vrrp, 'SIGKILL');
    await daemon.logged(/VRRP child process\(\d+\) died: Respawning/);
    await daemon.until('another one', () => childrenOf(one).some((pid) => pid !== vrrp && processes().get(pid)?.state !== 'Z'));
    // A script of the process that was killed may still run, and is an orphan then.
    await daemon.until('no zombies again', () => zombies().length === 0);
    process.kill(one, 'SIGTERM');
    assert.equal(await daemon.ended(), 0);
  } finally {
    if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
  }
});
