// Runs every compiled test with node's own runner and ends with its counts. One report over its rounds: what stands beside the code
// and the tests on the source text side by side; then what needs root, namespaces or more processes (test/), one file at a time, and
// beside that, one file at a time, too, what mostly waits for timers of a protocol or of the kernel.
// Usage: node dev/test.mjs [word...]      (only files whose path has one of the words)

import { readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`.trim();

const tests = readdirSync(join(root, 'build'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => relative(root, join(entry.path, entry.name)))
  .filter((path) => path.startsWith('build/src/') || path.startsWith('build/test/') || path.startsWith('build/bench/'))
  .sort();
const words = process.argv.slice(2);
const chosen = words.length === 0 ? tests : tests.filter((path) => words.some((word) => path.includes(word)));
/** Tests that mostly wait: another may have the processor meanwhile. None of them measures speed or counts on a time of its own. */
const WAITING = /^build\/test\/((oracle|interop|daemon|examples|doctor)\/|lab\/vrrp-labs\.)/;
/** What a round runs: files side by side, one at a time, or one at a time in the background of the latter. */
const roundOf = (path) => {
  if (WAITING.test(path)) return 'waiting';
  return path.startsWith('build/test/') && !path.startsWith('build/test/source/') ? 'alone' : 'together';
};

/** `tests 12`: the runner's closing counts, summed over the rounds. */
const count = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;
const totals = new Map();
const started = performance.now();

/** One round's events but for its counts, which go into the totals. */
async function* events(round) {
  const files = chosen.filter((path) => roundOf(path) === round).map((path) => join(root, path));
  if (files.length === 0) return;
  for await (const event of run({ files, concurrency: round === 'together' ? 2 : 1, timeout: 900_000 })) {
    const [, word, number] = (event.type === 'test:diagnostic' && event.data.nesting === 0 && count.exec(event.data.message)) || [];
    if (word === undefined) yield event;
    else totals.set(word, (totals.get(word) ?? 0) + Number(number));
  }
}

const gathered = async (source) => {
  const all = [];
  for await (const event of source) all.push(event);
  return all;
};

async function* report() {
  yield* events('together');
  const waiting = gathered(events('waiting'));
  yield* events('alone');
  yield* await waiting;
  totals.set('duration_ms', performance.now() - started);
  for (const [word, number] of totals) yield { type: 'test:diagnostic', data: { nesting: 0, message: `${word} ${number}` } };
}

if (chosen.length === 0) {
  process.stderr.write(
    words.length === 0 ? 'no compiled tests: run ./weir build\n' : `no test file has ${words.join(' or ')} in its path\n`,
  );
  process.exit(1);
}
process.exitCode = 1;
const output = Readable.from(report()).compose(new spec());
output.pipe(process.stdout);
output.on('end', () => {
  process.exitCode = totals.get('pass') > 0 && totals.get('fail') === 0 && totals.get('cancelled') === 0 ? 0 : 1;
});
