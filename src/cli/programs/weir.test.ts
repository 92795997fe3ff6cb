// The program as a process: output that cannot be written, and a working directory that is gone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { breadth, test } from '../../../test/support/breadth.js';
import { ENTRY } from '../../../test/support/netns-bed.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-main-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'keepalived.conf');
writeFileSync(file, 'vrrp_instance A {\n  interface nowhere0\n  virtual_router_id 5\n  virtual_ipaddress { 10.9.9.9 }\n}\n');

/** Commands that need neither root nor a datapath. */
const COMMANDS: readonly (readonly string[])[] = [
  ['ipvsadm', '-h'],
  ['ipvsadm-restore', '--help'],
  ['weir', 'help'],
  ['weir', 'help', 'sysctl'],
  ['weir', 'config', 'explain', file],
  ['weir', 'config', 'lint', file],
  ['keepalived', '-t', '-f', file],
  ['keepalived', '--version'],
];

const run = (args: readonly string[], stdio: (number | 'pipe' | 'ignore')[]) =>
  spawnSync(process.execPath, [ENTRY, ...args], { stdio: ['ignore', ...stdio], encoding: 'utf8' });

function withFull<T>(work: (fd: number) => T): T {
  const fd = openSync('/dev/full', 'w');
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** One that is printed, one that reads a file, and one that prints on standard error; the others in the long run. */
const SHORT = ['ipvsadm -h', 'weir config lint FILE', 'keepalived --version'];

for (const args of COMMANDS) {
  const name = args.join(' ').replace(file, 'FILE');
  const declare = SHORT.includes(name) ? test : breadth;
  let answer: ReturnType<typeof run> | undefined;
  const whole = () => (answer ??= run(args, ['pipe', 'pipe']));

  declare(`${name}: a full output is one line, and an exit status`, () => {
    const { status, stderr } = withFull((fd) => run(args, [fd, 'pipe']));
    // keepalived prints on standard error.
    if (whole().stdout === '') assert.deepEqual([status, stderr], [whole().status, whole().stderr]);
    else assert.deepEqual([status, stderr], [1, `${whole().stderr}weir: standard output cannot be written: no space left on device\n`]);
  });

  declare(`${name}: messages that cannot be written do not change the exit status`, () => {
    assert.equal(withFull((fd) => run(args, ['ignore', fd])).status, whole().status);
    assert.equal(withFull((fd) => run(args, [fd, fd])).status, whole().stdout === '' ? whole().status : 1);
  });

  declare(`${name}: in a folder that was removed`, () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    const script = 'cd "$0" && rmdir "$0" && exec "$@"';
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script, gone, process.execPath, ENTRY, ...args], { encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [whole().status, whole().stdout, whole().stderr]);
  });
}

test('a relative path in a folder that was removed is one line', () => {
  const gone = join(folder, 'gone');
  for (const args of [
    ['weir', 'config', 'lint', 'a.conf'],
    ['keepalived', '-n', '-p', 'a.pid'],
  ] as const) {
    mkdirSync(gone);
    const script = 'cd "$0" && rmdir "$0" && exec "$@"';
    const ran = spawnSync('sh', ['-c', script, gone, process.execPath, ENTRY, ...args], { encoding: 'utf8' });
    assert.deepEqual([ran.status, ran.stdout], [1, '']);
    assert.match(ran.stderr, /^[a-z ]+: a\.\w+: the working directory was removed — fix: [^\n]+\n$/);
  }
});
