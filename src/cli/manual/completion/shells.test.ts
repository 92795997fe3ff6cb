// The completion in a real bash, as it calls it for a word that is being typed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { noTools } from '../../../../test/support/probes.js';
import { commands } from '../../commands.js';
import { bashCompletion, COMPLETED, zshCompletion } from './shells.js';

const CALL = `. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_weir_complete
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** Each: the words so far, the last of them unfinished, and what is offered. */
const cases: readonly (readonly [words: readonly string[], found: readonly string[]])[] = [
  [
    ['weir', 'ex'],
    ['export', 'explain'],
  ],
  [
    ['weir', 'vip', ''],
    ['add', 'del', 'status'],
  ],
  [
    ['weir', 'vip', 'add', '--'],
    ['--dev', '--label', '--persist', '--root', '--force', '--json'],
  ],
  [
    ['weir', 'load', '--attach', ''],
    ['auto', 'tc', 'xdp'],
  ],
  [['weir', 'load', '--attach', '=', 'x'], ['xdp']],
  [
    ['weir', 'load', '--attach', '='],
    ['auto', 'tc', 'xdp'],
  ],
  [['weir', 'load', '--max-services', ''], []],
  [['weir', 'vip', 'add', '10.0.0.1', '--dev', 'l'], ['lo']],
  [
    ['weir', 'sysctl', 'net.ipv4.vs.sloppy'],
    ['net.ipv4.vs.sloppy_sctp', 'net.ipv4.vs.sloppy_tcp'],
  ],
  [['weir', 'config', 'lint', 'some'], ['some file.conf']],
  [['/usr/sbin/ipvsadm', '-A', '-t', '10.0.0.1:80', '-s', 'wl'], ['wlc']],
  [
    ['weir', 'ipvsadm', '-A', '--pers'],
    ['--persistent', '--persistent-conn'],
  ],
  [['keepalived', '-f', 'some'], ['some file.conf']],
  [['keepalived', '--config-t'], ['--config-test']],
  [
    ['genhash', '-P', ''],
    ['1.0', '1.0c', '1.1'],
  ],
  [['ipvsadm-save', '-'], ['-n']],
  [['weir', 'no-such', '--'], []],
];
describe('completion', { skip: noTools('bash') }, () => {
  let folder = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weir-completion-'));
    writeFileSync(join(folder, 'weir'), await bashCompletion(commands));
    writeFileSync(join(folder, 'some file.conf'), '');
  });
  after(() => rmSync(folder, { recursive: true }));

  const completed = (...words: readonly string[]): readonly string[] => {
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-uc', CALL, 'bash', join(folder, 'weir'), ...words], {
      encoding: 'utf8',
      cwd: folder,
    });
    assert.deepEqual([status, stderr], [0, '']);
    return stdout.split('\n').filter((word) => word !== '');
  };

  for (const [words, found] of cases)
    test(words.join(' '), () => {
      assert.deepEqual(completed(...words), found);
    });

  test('bash itself knows the function for each command', () => {
    const { stdout } = spawnSync('bash', ['-c', `. "$1"; complete -p ${COMPLETED.join(' ')}`, 'bash', join(folder, 'weir')], {
      encoding: 'utf8',
    });
    assert.equal(stdout, COMPLETED.map((name) => `complete -F _weir_complete ${name}\n`).join(''));
  });

  test('zsh finds its commands on the first line', async () => {
    assert.match(await zshCompletion(commands), /^#compdef weir ipvsadm /);
  });
});
