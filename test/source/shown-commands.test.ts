// Commands that the manual and the dashboard show: each of them is one of weir.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.js';
import { besideFencedBlocks, fencedBlocks } from '../support/fenced-blocks.js';
import { filesUnder, read } from '../support/project.js';

/** They are no rows of the table of commands. */
const BESIDE = ['help', 'run'] as const;
const names: ReadonlySet<string> = new Set([...commands.map(({ name }) => name), ...BESIDE]);

/** What stands in a page's code: in spans, in fenced blocks and in indented ones. */
function codeOf(page: string): readonly string[] {
  const fenced = fencedBlocks(page).flatMap((block) => block.split('\n'));
  const indented = [...page.matchAll(/^ {4}(.*)$/gm)].map(([, line = '']) => line);
  const spans = [...besideFencedBlocks(page).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll('\n', ' '));
  return [...fenced, ...indented, ...spans];
}

const commandsOf = (code: string): readonly string[] =>
  code
    .split(/; |&& |\| /)
    .map((piece) => piece.trim())
    // Lines of logs are no commands.
    .filter((piece) => /^weir [a-z][^:]*(?: |$)/.test(piece) && !/^weir (?:\w+:|will) /.test(piece));

const unknown = (shown: readonly string[]): readonly string[] => shown.filter((line) => !names.has(line.split(' ')[1] ?? ''));

const views = (): readonly string[] =>
  filesUnder('web')
    .filter((file) => file.endsWith('.tsx'))
    .flatMap((file) =>
      [...read(file).matchAll(/<SameCommand command=(?:"([^"]*)"|\{`([^`]*)`\})/g)].map(([, text, made]) => text ?? made ?? ''),
    );

test('the manual and the dashboard show commands that weir has', () => {
  const pages = ['README.md', 'README.zh-CN.md', ...filesUnder('docs').filter((file) => file.endsWith('.md'))];
  const shown = pages.map((file) => [file, codeOf(read(file)).flatMap(commandsOf)] as const);
  assert.ok(shown.flatMap(([, lines]) => lines).length > 500, 'there are commands to judge');
  assert.deepEqual(
    [...shown, ['web', views().flatMap(commandsOf)] as const].flatMap(([file, lines]) => unknown(lines).map((line) => `${file}: ${line}`)),
    [],
  );
});

test('docs/dashboard.md names a command of each view as that view does', () => {
  // `${…}` is what the person asks for.
  const shown = views()
    .flatMap(commandsOf)
    .map(
      (line) =>
        new RegExp(
          `^${line
            .split(/"?\$\{\w+\}"?/)
            .map((part) => part.replaceAll(/[.*+?()|[\]\\/]/g, '\\$&'))
            .join('.+')}$`,
        ),
    );
  const table = [...read('docs/dashboard.md').matchAll(/^\| .* \| `(weir [^`]+)` \|$/gm)].flatMap(([, cell = '']) => commandsOf(cell));
  assert.ok(table.length >= 9);
  assert.deepEqual(
    table.filter((line) => !shown.some((one) => one.test(line))),
    [],
  );
});
