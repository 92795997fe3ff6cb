// Every page and what it is made from: roff without a warning, and nothing of a command that its page leaves out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { noTools } from '../../../test/support/probes.js';
import type { FormedRun } from '../command.js';
import { commands } from '../commands.js';
import { manualPages } from './pages.js';
import { roffForm, roffProse, roffText } from './roff.js';
import { ownCommands } from './weir-pages.js';

const pages = await manualPages(commands);
const pageNamed = (name: string): string => pages.find((page) => page.name === name)?.text ?? '';

test('each command has a page, which the overview names', () => {
  const own = ownCommands(commands).map(({ name }) => `weir-${name}.8`);
  const files = pages.map(({ name, section }) => `${name}.${section}`);
  const others = ['weir.8', 'ipvsadm.8', 'ipvsadm-save.8', 'ipvsadm-restore.8', 'keepalived.8', 'keepalived.conf.5', 'genhash.1'];
  assert.deepEqual(files.sort(), [...own, ...others].sort());
  for (const { name } of commands) assert.ok(pageNamed('weir').includes(`\\fB${roffText(name)}\\fR`), name);
});

/** Of weir plan: `-f` in its usage. */
const UNNAMED = ['plan file'];

test('every option that a command takes is on its page', async () => {
  for (const command of ownCommands(commands)) {
    const { run } = await command.load();
    for (const name of Object.keys((run as Partial<FormedRun>).types ?? {})) {
      if (UNNAMED.includes(`${command.name} ${name}`)) continue;
      assert.ok(pageNamed(`weir-${command.name}`).includes(roffText(`--${name}`)), `weir help ${command.name} names --${name}`);
    }
  }
});

test('nothing of a text is an instruction of roff', () => {
  assert.equal(roffText(".so /etc/passwd\\n'"), '\\&.so /etc/passwd\\en\\(aq');
  assert.equal(roffProse('.TH `--x` …'), '\\&.TH \\fB\\-\\-x\\fR \\[u2026]');
  assert.equal(roffForm('weir vip --dev IF|a'), '\\fBweir\\fR \\fBvip\\fR \\fB\\-\\-dev\\fR \\fIIF\\fR|\\:a');
});

describe('the programs that show pages', { skip: noTools('groff', 'mandoc') }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-man-'));
    for (const { name, section, text } of pages) writeFileSync(join(folder, `${name}.${section}`), text);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const { name, section } of pages)
    test(`${name}(${section})`, () => {
      const file = join(folder, `${name}.${section}`);
      const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=78n', '-P-cbou', file], { encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /NAME/);
      const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', file], { encoding: 'utf8' });
      // A page has the version of weir, and no date.
      assert.deepEqual(
        lint.stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date')),
        [],
      );
    });
});
