// Compares weir with a recording of `keepalived -t`: for every recorded file the same exit status and the same messages to the byte.
// Differences are listed in a file with their reasons; any other difference fails, and so does a listed one that is gone. After an intended
// change: WEIR_WRITE_DIFFERENCES=1 node --test …, then give new entries a reason.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../support/project.js';
import { compare, type Difference } from './compare.js';
import { isComparable, readRecorded } from './recorded.js';

interface Differences {
  /** By a short name: why weir answers otherwise. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly cases: Readonly<Record<string, Difference & { readonly reason: string }>>;
}

const here = join(root, 'test/oracle/keepalived');

const readDifferences = (name: string): Differences => JSON.parse(readFileSync(join(here, name), 'utf8')) as Differences;

/** The tests of one recording. `cases`: the minimum number of cases. */
export function compareRecording(recording: string, differences: string, cases: number): void {
  const expected = readDifferences(differences);
  const recorded = readRecorded(join(here, recording)).filter(isComparable);
  const found = new Map<string, Difference>();
  for (const each of recorded) {
    const difference = compare(each);
    if (difference !== undefined) found.set(each.name, difference);
  }

  if (process.env['WEIR_WRITE_DIFFERENCES'] !== undefined) {
    const lines = [...found].map(
      ([name, difference]) => `${JSON.stringify(name)}: ${JSON.stringify({ reason: expected.cases[name]?.reason ?? '', ...difference })}`,
    );
    writeFileSync(
      join(here, differences),
      `{\n"reasons": ${JSON.stringify(expected.reasons, null, 1)},\n"cases": {\n${lines.join(',\n')}\n}\n}\n`,
    );
  }

  test('the recording is whole', () => assert.ok(recorded.length >= cases, `${recorded.length}`));

  test('every difference from keepalived is listed', () => {
    const news = [...found].filter(([name, difference]) => {
      const { reason: _, ...listed } = expected.cases[name] ?? { reason: '', missing: [], extra: [] };
      return JSON.stringify(listed) !== JSON.stringify(difference);
    });
    assert.deepEqual(Object.fromEntries(news.slice(0, 20)), {}, `${news.length} in all`);
  });

  test('nothing is listed that does not differ', () => {
    assert.deepEqual(
      Object.keys(expected.cases).filter((name) => !found.has(name)),
      [],
    );
  });

  test('every difference has a reason, and every reason a difference', () => {
    const used = new Set(Object.values(expected.cases).map(({ reason }) => reason));
    assert.deepEqual([...used].sort(), Object.keys(expected.reasons).sort());
  });

  test('docs/keepalived-config.md lists every reason', () => {
    // The page wraps its items.
    const text = readFileSync(join(root, 'docs/keepalived-config.md'), 'utf8').replaceAll('\n  ', ' ');
    const unreported = Object.values(expected.reasons).filter((reason) => !text.includes(`- ${reason}\n`));
    assert.deepEqual(unreported, []);
  });
}
