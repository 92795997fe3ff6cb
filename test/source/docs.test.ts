// The pages of the manual: links lead somewhere, every page is in the index, and prose is at most 100 columns wide.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { filesUnder, read, root } from '../support/project.js';

const pages = filesUnder('docs').filter((file) => file.endsWith('.md'));
const readers = [...pages, 'README.md', 'README.zh-CN.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md'];
const linksOf = (text: string): readonly string[] => [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map((match) => match[1] ?? '');

/** The anchor that a heading gets where Markdown is shown. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? '')));

for (const page of readers) {
  test(`${page} links only to what exists`, () => {
    const broken = linksOf(read(page)).filter((link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      return !existsSync(join(root, file)) || (anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor));
    });
    assert.deepEqual(broken, []);
  });
}

test('the index of the manual names every page', () => {
  const named = new Set(linksOf(read('docs/README.md')).map((link) => join('docs', link.split('#')[0] ?? '')));
  assert.deepEqual(
    pages.filter((page) => page !== 'docs/README.md' && !named.has(page)),
    [],
  );
});

test('prose is at most 100 columns wide: tables, commands and Chinese pages may be wider', () => {
  const wide = readers
    .filter((page) => !page.includes('zh-CN'))
    .flatMap((page) => {
      let fenced = false;
      return read(page)
        .split('\n')
        .flatMap((line, index) => {
          if (line.startsWith('```')) fenced = !fenced;
          const free = fenced || /^(\||#|<| {4,}|\[)/.test(line);
          return !free && line.length > 100 ? [`${page}:${index + 1}: ${line.length} columns`] : [];
        });
    });
  assert.deepEqual(wide, []);
});

test('no page has the marks of a merge', () => {
  assert.deepEqual(
    readers.filter((page) => /^(<<<<<<<|=======|>>>>>>>)( |$)/m.test(read(page))),
    [],
  );
});
