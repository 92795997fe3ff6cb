// The recorded transcripts of the real ipvsadm, replayed through our command lines on a director in memory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Answer, compare } from '../oracle/answers.js';
import { modelWorld, replay } from './replay.js';

const tests = fileURLToPath(new URL('../../../test/', import.meta.url));

/** What this replay cannot run: commands that begin so. */
type Unrunnable = Readonly<Record<string, readonly { readonly command: string; readonly reason: string }[]>>;

const unrunnable = JSON.parse(readFileSync(`${tests}ipvsadm/left-out.json`, 'utf8')) as Unrunnable;

const show = (answer: Answer): string => `${answer.line}: ${answer.command}\n${answer.text}`;

for (const [name, answersMin] of [
  ['a1_services', 100],
  ['a2_options', 100],
  ['a3_cli_errors', 100],
  ['a4_names', 20],
  ['o2_random', 800],
  ['o3_random', 800],
] as const) {
  const recorded = readFileSync(`${tests}oracle/recorded/${name}.txt`, 'utf8');
  const cannot = unrunnable[name] ?? [];

  test(`${name}: every answer is the recorded one`, async () => {
    const { answers, same } = compare(recorded, await replay(recorded, modelWorld()));
    const different = answers.filter((answer) => !same.has(answer));
    const left = different.filter(({ command }) => !cannot.some((entry) => command.startsWith(entry.command)));
    assert.deepEqual(left.map(show), []);
    const needless = cannot.filter((entry) => !different.some(({ command }) => command.startsWith(entry.command)));
    assert.deepEqual(needless, []);
    assert.ok(same.size > answersMin);
  });
}
