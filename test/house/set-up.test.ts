// What ./weir prints on a machine that lacks something: one line that names it and how to install it. Each machine is a mount namespace
// whose /proc, /sys and commands are covered by stand-ins; nothing is installed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { noRoot, probe } from '../support/probes.js';
import { root } from '../support/project.js';

const isRoot = process.getuid?.() === 0;
const mountNamespaces = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;

describe('the set-up on machines that lack something', {
  skip: noRoot() || probe('mountns', mountNamespaces, 'no mount namespaces'),
}, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-set-up-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs shell text after dev/setup.sh with the machine as `prepare` leaves it; in it, $folder is free to use. */
  const machine = (prepare: string, text: string) => {
    const script = `${prepare}\nroot='${root}'\n. '${root}/dev/setup.sh'\n${text}\n`;
    const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-euc', script], {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, lines: stderr.trimEnd().split('\n') };
  };

  const covered = (path: string, text: string): string => `printf '%s\\n' '${text}' >"$folder/cover"; mount --bind "$folder/cover" ${path}`;

  test('a kernel with every feature is accepted', () => {
    assert.deepEqual(machine('', 'need_kernel; echo fine >&2'), { status: 0, lines: ['fine'] });
  });

  for (const release of ['5.15.0-91-generic', '6.0.19', '4.19.0-26-amd64'])
    test(`kernel ${release} is too old`, () => {
      const { status, lines } = machine(covered('/proc/sys/kernel/osrelease', release), 'need_kernel');
      assert.equal(status, 1);
      assert.deepEqual(lines, [`weir: Linux 6.1 or later is needed, this is ${release}: Debian 12's kernel will do`]);
    });

  for (const release of ['6.1.0-18-amd64', '6.10.3', '7.0.0-rc1'])
    test(`kernel ${release} is new enough`, () => {
      assert.deepEqual(machine(covered('/proc/sys/kernel/osrelease', release), 'need_kernel'), { status: 0, lines: [''] });
    });

  test('a kernel without the BPF file system', () => {
    const { status, lines } = machine(covered('/proc/filesystems', 'nodev\ttmpfs'), 'need_kernel');
    assert.equal(status, 1);
    assert.match(lines.join('\n'), /^weir: this kernel has no BPF file system: .*CONFIG_BPF_SYSCALL=y.*$/);
  });

  test('no root and no sudo', () => {
    const { status, lines } = machine('id() { echo 1000; }\nPATH="$folder"', 'need_root');
    assert.equal(status, 1);
    assert.deepEqual(lines, ['weir: this needs root and there is no sudo: run it as root']);
  });

  test('sudo that needs a password without a terminal', () => {
    const sudo = `printf '#!/bin/sh\\nexit 1\\n' >"$folder/sudo"; chmod +x "$folder/sudo"; PATH="$folder"`;
    const { status, lines } = machine(`id() { echo 1000; }\n${sudo}`, 'need_root');
    assert.equal(status, 1);
    assert.match(lines.join('\n'), /^weir: this needs root, and sudo wants a password .*: run it as root$/);
  });

  test('packages are missing and there is no apt-get', () => {
    const { status, lines } = machine('PATH="$folder"', 'lacking=; needs_of_build; log="$folder/log"; install_packages $lacking');
    assert.equal(status, 1);
    assert.match(lines.join('\n'), /^weir: no apt-get here; install by your own means what these Debian packages bring: clang llvm gcc/);
  });

  test('a node that is too old is not used', () => {
    const old = `printf '#!/bin/sh\\necho v18.20.4\\n' >"$folder/node"; chmod +x "$folder/node"`;
    assert.equal(machine(old, 'good_node "$folder/node"').status, 1);
    assert.equal(machine(old.replace('v18.20.4', 'v22.1.0'), 'good_node "$folder/node"').status, 0);
  });
});

describe('bin/', () => {
  test('prints how to build when nothing is built, also when started through a symbolic link', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-bin-'));
    try {
      const made = spawnSync(
        'sh',
        ['-euc', `mkdir "$1/bin"; cp "$2/bin/weir" "$1/bin/weir"; ln -s bin/weir "$1/ipvsadm"; "$1/ipvsadm" -Ln`, 'sh', folder, root],
        {
          encoding: 'utf8',
        },
      );
      assert.equal(made.status, 1);
      assert.equal(made.stderr, `ipvsadm: not built yet: run ${folder}/weir build\n`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
