// Runs the compiled tests with node's own runner and ends with its counts. One report over its rounds: what stands beside the code
// and the tests on the source text side by side; then what needs root, namespaces or more processes (test/), one file at a time. Beside
// both, three files at a time (six when both have ended; of the long tests always two), what mostly waits (for timers of a protocol or
// of the kernel, or for other processes) or does not measure time. Without a word, small files beside the code share processes
// (test-groups.mjs).
// Usage: node dev/test.mjs [--long] [--slowest] [--begin-within SECONDS] [word...]
//   word        only files whose path has one of the words
//   --long      the files named *.long.test.ts instead of all the others: what soaks, floods or waits for long; and of the others what
//               test/support/breadth.ts leaves to them
//   --slowest   prints how long the slowest files took, and when each round had ended
//   --begin-within SECONDS   names the files that had not begun by then as skipped, each: a slow machine must end, too
// WEIR_TEST_COUNTS=FILE   adds the counts and the failures to those in the file and closes with all of them, so that two runs end as one.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OPEN_CHANGES, TestEnds } from './test-ends.mjs';
import { groupsOf } from './test-groups.mjs';
import { ShortReport } from './test-report.mjs';
import { judgeSkip } from './test-skips.mjs';
import { stoppable } from './test-stop.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
/** Certificates for going out, which no test does: each of thousands of processes would read them all at its start (40 ms). */
delete process.env.NODE_EXTRA_CA_CERTS;

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    slowest: { type: 'boolean', default: false },
    'begin-within': { type: 'string', default: 'Infinity' },
  },
});
const beginWithin = Number(options['begin-within']);
if (Number.isNaN(beginWithin)) throw new Error(`--begin-within needs seconds, not ${options['begin-within']}`);
/** Not for the tests: one of them runs this file. */
const { WEIR_TEST_COUNTS: countsFile } = process.env;
delete process.env.WEIR_TEST_COUNTS;
/** One file that hangs must not use up the time of the others. The longest of both sorts take less than half of it. */
const FILE_TIMEOUT_MS = options.long ? 2_700_000 : 900_000;
/** One whose tests have ended has only its own cleaning left: what it holds besides (a server, a child) would keep it until then. */
const LINGER_MS = 60_000;
const SLOWEST_MAX = 25;

const tests = readdirSync(join(root, 'build'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => relative(root, join(entry.path, entry.name)))
  .filter((path) => /^build\/(src|web|test|bench)\//.test(path))
  .sort();
const isLong = (path) => path.endsWith('.long.test.js');
const hasBreadth = (path) => readFileSync(join(root, path), 'utf8').includes("/breadth.js'");
process.env.WEIR_TEST_LONG = options.long ? '1' : '0';
const named = words.length === 0 ? tests : tests.filter((path) => words.some((word) => path.includes(word)));
const chosen = named.filter((path) => isLong(path) === options.long || (options.long && hasBreadth(path)));
/** Tests that another may take the processor from. None of them measures speed or counts on a time of its own. */
const BESIDE_FOLDERS =
  /^build\/test\/(oracle|interop|daemon|examples|docs|doctor|vip|realserver|status|sync|lab|vm|house|support|ansible|api|dashboard|metrics)\//;
/** Of those in the datapath's folder: what mostly waits, and what has the verifier or the reference director for its work. */
const BESIDE_FILES = [
  /^build\/test\/datapath\/(local-address|next-hops|timer|all-ports|live|live-ipv6|layer3|layer3-ipv6|marks|mark-tools|sctp|sctp-ipv6|sctp-marks)\./,
  /^build\/test\/datapath\/(calls|client-address|fragments|ipsec|source-rules|takeover-sides|error-sources)\./,
  /^build\/test\/datapath\/(fixtures|reference\/reference|persistence|layout)\.test\./,
  /^build\/test\/datapath\/(apply-document|attach|templates|policy-routes|ipv6-gateways|error-checksums|refused-marks|refused-xdp|firewall|firewall-auto)\./,
  /^build\/test\/datapath\/(driver|driver-kills|killed|killed-batches|killed-clsact|recreated|refused-short-cut|refused-short-cut-commands|resize|resize-kills|resize-sides)\./,
  /^build\/test\/datapath\/(esp|ipsec-marks|ipsec-policies|self-check|side-builds|side-build-loads|takeover-kills|verifier|stack-depth|compilers)\./,
  /^build\/test\/(ipvsadm\/(commands|killed-restores)|observe\/(conns|explain))\./,
];
/** They take longest of those that run beside the others: what begins with them does not end with one of them alone. */
const FIRST =
  /^build\/test\/(doctor\/harness|interop\/checks|lab\/labs|oracle\/oracle|daemon\/(health-checks|own-check-settings|plan)|examples\/keepalived|datapath\/(attach|fixtures|reference|marks|all-ports|sctp-ipv6|stack-depth))/;
/** An emulated machine takes a whole processor for minutes, and on a slow machine too long for its own tests: it begins if there is time left. */
const LAST = /^build\/test\/vm\//;
const CONCURRENCY = { together: 2, alone: 1 };
/** How many files beside both rounds, and how many when these have ended. Several long tests have many processes of their own. */
const BESIDE = options.long ? { at: 2, end: 2 } : { at: 3, end: 6 };
/** Two floods or large transfers at a time leave no processor for what they are for. */
const FLOOD = /(flood|bulk|stress|edited)[^/]*$/;
/** What a round runs: files side by side, one at a time, or some at a time in the background of both. */
const roundOf = (path) => {
  if ([BESIDE_FOLDERS, ...BESIDE_FILES].some((each) => each.test(path)) && !FLOOD.test(path)) return 'beside';
  return path.startsWith('build/test/') && !path.startsWith('build/test/source/') ? 'alone' : 'together';
};

/** `tests 12`: the runner's closing counts, summed over the rounds. */
const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'];
const count = new RegExp(`^(${COUNTS.join('|')}) ([\\d.]+)$`);
const totals = new Map(COUNTS.map((word) => [word, 0]));
const add = (word, number) => totals.set(word, totals.get(word) + number);
const durations = new Map();
const tooLate = [];
const ends = new Map();
const report = new ShortReport(root);
const signal = stoppable();
const started = performance.now();

/** By the file that imports them. */
const groups = words.length === 0 && !options.long ? groupsOf(root, chosen) : new Map();
const membersOf = (file) => groups.get(file) ?? [file];
const absolute = (file) => join(root, file);

/** The events of a process, which is ended when its tests have ended and it goes on. */
async function* endingEvents(file) {
  const ending = new AbortController();
  const signals = AbortSignal.any([signal, ending.signal]);
  let [open, timer] = [0];
  for await (const event of run({ files: [absolute(file)], timeout: FILE_TIMEOUT_MS, signal: signals })) {
    const { type, data } = event;
    const change = data.nesting === 0 && data.name !== data.file ? OPEN_CHANGES[type] : undefined;
    open += change ?? 0;
    if (change !== undefined) clearTimeout(timer);
    if (change === -1 && open === 0)
      timer = setTimeout(() => ending.abort(new Error('it went on after its last test, and was ended')), LINGER_MS);
    yield event;
  }
  clearTimeout(timer);
}

/** One process's events but for its counts, which go into the totals. */
async function* eventsOf(file) {
  const without = new Set(groups.get(file));
  for await (const event of endingEvents(file)) {
    const { type, data } = event;
    if (data.file !== undefined) without.delete(relative(root, data.file));
    if (type === 'test:fail' && data.name === absolute(file)) without.clear(); // those behind what ended the process
    if (type === 'test:complete' && data.name === data.file) durations.set(file, data.details.duration_ms);
    const [, word, number] = (type === 'test:diagnostic' && data.nesting === 0 && count.exec(data.message)) || [];
    if (word === undefined) yield event;
    else add(word, Number(number));
  }
  for (const member of without) yield passedWithoutTests(absolute(member));
}

/** As node reports a file of its own process: a failure (test-ends.mjs). */
function passedWithoutTests(file) {
  add('tests', 1);
  add('pass', 1);
  return { type: 'test:pass', data: { name: file, file, nesting: 0, testNumber: 0, details: { duration_ms: 0 } } };
}

/** Of a file that begins too late: none. */
async function begun(file) {
  if (performance.now() - started < beginWithin * 1000 || signal.aborted) return gathered(eventsOf(file));
  const late = membersOf(file);
  tooLate.push(...late);
  add('tests', late.length);
  add('skipped', late.length);
  return [];
}

/** A round's files, in the order in which they begin. */
function filesOf(round) {
  const place = (path) => (FIRST.test(path) ? 0 : LAST.test(path) ? 2 : 1);
  const shared = new Set([...groups.values()].flat());
  const own = chosen.filter((path) => roundOf(path) === round && !shared.has(path));
  return [...(round === 'together' ? groups.keys() : []), ...own].sort((one, other) => place(one) - place(other));
}

/** One round's events, in the order of its files. */
async function* events(round) {
  const files = filesOf(round);
  if (files.length === 0) return;
  yield* Readable.from(files).flatMap(begun, { concurrency: CONCURRENCY[round], highWaterMark: files.length });
  ends.set(round, performance.now() - started);
}

/** The events of what runs beside the rounds, in the order of its files; more of them at a time when the rounds have ended. */
async function eventsBeside(roundsEnded) {
  const files = filesOf('beside');
  if (files.length === 0) return [];
  const waiting = files.entries();
  const perFile = [];
  const work = async () => {
    for (const [at, file] of waiting) perFile[at] = await begun(file);
  };
  const workers = (count) => Promise.all(Array.from({ length: count }, work));
  await Promise.all([workers(BESIDE.at), roundsEnded.then(() => workers(BESIDE.end - BESIDE.at))]);
  ends.set('beside', performance.now() - started);
  return perFile.flat();
}

const gathered = async (source) => {
  const all = [];
  for await (const event of source) all.push(event);
  return all;
};

async function* rounds() {
  let endRounds;
  const beside = eventsBeside(new Promise((ended) => (endRounds = ended)));
  yield* events('together');
  yield* events('alone');
  endRounds();
  yield* await beside;
}

const print = (message) => ({ type: 'test:stdout', data: { message } });
const counts = () => [...totals].map(([word, number]) => ({ type: 'test:diagnostic', data: { nesting: 0, message: `${word} ${number}` } }));

function slowest() {
  const ordered = [...durations].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_MAX);
  const line = (ms, ...words) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${words.join('  ')}\n`;
  const files = ordered.map(([path, ms]) => line(ms, roundOf(path).padEnd(8), path));
  return ['\nslowest files:\n', ...files, 'ends of the rounds:\n', ...[...ends].map(([round, ms]) => line(ms, round)), '\n'].join('');
}

/** Closes with the failures of the runs that were added to the file before, and with the counts of all. */
function* sums(file) {
  const own = Object.fromEntries(totals);
  let failures = report.failures();
  if (existsSync(file)) {
    const before = JSON.parse(readFileSync(file, 'utf8'));
    for (const [word, number] of Object.entries(before.counts)) add(word, number);
    yield print(`\nwith the runs before:\n${before.failures}`);
    yield* counts();
    failures = before.failures + failures;
  }
  writeFileSync(file, JSON.stringify({ counts: Object.fromEntries(totals), failures }));
  for (const [word, number] of Object.entries(own)) totals.set(word, number);
}

/** With failures for what node's runner passes over. */
async function* completed(source) {
  const ends = new TestEnds((file) => membersOf(relative(root, file)).map(absolute));
  for await (const event of source) {
    const noted = ends.note(event);
    if (noted !== event && event.type === 'test:pass') {
      add('fail', 1);
      add('pass', -1);
    }
    yield noted;
  }
  for (const failure of ends.failures()) {
    add('fail', 1);
    add('tests', 1);
    yield failure;
  }
}

async function* wholeReport() {
  for await (const event of completed(rounds())) {
    const judged = judgeSkip(event);
    if (judged !== event) {
      add('fail', 1);
      // Skipped suites are not counted as skipped.
      if (event.data.details.type !== 'suite') add('skipped', -1);
    }
    const short = report.shorten(judged);
    if (short !== undefined) yield short;
  }
  totals.set('duration_ms', performance.now() - started);
  yield print(report.failures());
  if (tooLate.length > 0)
    yield print(`\nnot begun within ${beginWithin} s, so skipped:\n${tooLate.map((file) => `  ${file}\n`).join('')}\n`);
  if (options.slowest) yield print(slowest());
  yield* counts();
  if (countsFile) yield* sums(countsFile);
}

if (chosen.length === 0) {
  const which = words.length === 0 ? 'no compiled tests: run ./weir build' : `no test file has ${words.join(' or ')} in its path`;
  const other = named.length === 0 ? '' : ` (${named.length} ${options.long ? 'without' : 'with'} --long)`;
  process.stderr.write(`${which}${other}\n`);
  process.exit(1);
}
process.exitCode = 1;
const output = Readable.from(wholeReport()).compose(new spec());
output.pipe(process.stdout);
output.on('end', () => {
  process.exitCode = totals.get('pass') + tooLate.length > 0 && totals.get('fail') === 0 && totals.get('cancelled') === 0 ? 0 : 1;
});
