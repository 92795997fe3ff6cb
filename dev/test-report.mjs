// What a run of the tests prints: node's spec report, but a failing test prints at most 200 lines and stands before the counts,
// and a test file's own output is cut, too. All of it is in build/test-output, one file for each test file with more output.

import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { placeOf, sourceOf, withPlaces } from './test-places.mjs';

/** What a failing test may print at most: its error's text, the stack, the values, its file's output, and what names them. */
const MESSAGE_LINES_MAX = 90;
const STACK_LINES_MAX = 20;
const VALUES_LINES_MAX = 30;
const OUTPUT_LINES_MAX = 40;
const LINE_CHARACTERS_MAX = 1_000;

const shortLine = (line) =>
  line.length <= LINE_CHARACTERS_MAX ? line : `${line.slice(0, LINE_CHARACTERS_MAX)}… ${line.length - LINE_CHARACTERS_MAX} more characters`;

/** The first lines; the last of them gives the number of lines that were cut. */
const firstLines = (lines, linesMax) =>
  (lines.length <= linesMax ? lines : [...lines.slice(0, linesMax - 1), `… ${lines.length - linesMax + 1} more lines`]).map(shortLine);

/** `Error: text`, `    at …` and the values after them, each cut on its own, so that none hides the others. */
export function shortError(whole) {
  const lines = whole.split('\n');
  const isFrame = (line) => /^ +at .*[:(].*\d\)?( \{)?$/.test(line);
  const stackAt = lines.findIndex(isFrame);
  if (stackAt < 0) return firstLines(lines, MESSAGE_LINES_MAX + STACK_LINES_MAX + VALUES_LINES_MAX).join('\n');
  const afterStack = lines.findIndex((line, index) => index > stackAt && !isFrame(line));
  const valuesAt = afterStack < 0 ? lines.length : afterStack;
  return [
    ...firstLines(lines.slice(0, stackAt), MESSAGE_LINES_MAX),
    ...firstLines(lines.slice(stackAt, valuesAt), STACK_LINES_MAX),
    ...firstLines(lines.slice(valuesAt), VALUES_LINES_MAX),
  ].join('\n');
}

/** The folder of the whole outputs: the first output of a run replaces an old file. */
class Outputs {
  #started = new Set();

  constructor(root) {
    this.root = root;
  }

  /** Relative to the root. */
  pathOf(testFile) {
    return join('build', 'test-output', `${relative(this.root, sourceOf(testFile)).replaceAll('/', '-')}.txt`);
  }

  add(testFile, text) {
    const path = join(this.root, this.pathOf(testFile));
    if (!this.#started.has(path)) {
      this.#started.add(path);
      mkdirSync(join(this.root, 'build', 'test-output'), { recursive: true });
      rmSync(path, { force: true });
    }
    appendFileSync(path, text);
  }
}

const isOfSubtests = (error) => error?.failureType === 'subtestsFailed';
/** To node's spec reporter: failed, and reported at the end. */
const REPORTED_AT_THE_END = { code: 'ERR_TEST_FAILURE', failureType: 'subtestsFailed', cause: { [inspect.custom]: () => 'see the end' } };

/** Events of a run, made shorter; `failures()` is what the failing tests print, in one text. */
export class ShortReport {
  #outputs;
  #printed = new Map();
  #failures = [];

  constructor(root) {
    this.root = root;
    this.#outputs = new Outputs(root);
  }

  /** The event to print, or undefined. */
  shorten(event) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') return this.#shortOutput(event);
    if (event.type !== 'test:fail' || isOfSubtests(event.data.details.error)) return event;
    this.#failures.push(this.#failure(event.data));
    return { ...event, data: { ...event.data, details: { ...event.data.details, error: REPORTED_AT_THE_END } } };
  }

  #shortOutput(event) {
    const { file } = event.data;
    const message = withPlaces(event.data.message);
    this.#outputs.add(file, message);
    const before = this.#printed.get(file) ?? 0;
    const lines = message.replace(/\n$/, '').split('\n');
    this.#printed.set(file, before + lines.length);
    const left = OUTPUT_LINES_MAX - 1 - before;
    if (left < 0) return undefined;
    const kept = lines.slice(0, left).map((line) => `${shortLine(line)}\n`);
    if (lines.length > left) kept.push(`… more in ${this.#outputs.pathOf(file)}\n`);
    return { ...event, data: { ...event.data, message: kept.join('') } };
  }

  #failure({ name, file, line, column, details: { error, duration_ms } }) {
    const whole = withPlaces(
      inspect(error.code === 'ERR_TEST_FAILURE' ? error.cause : error, { depth: 10, maxArrayLength: 10_000, maxStringLength: 10_000_000 }),
    );
    const title = `✖ ${name} (${Math.round(duration_ms)} ms)`;
    const place = relative(this.root, placeOf(file, line, column));
    this.#outputs.add(file, `\n${title}\n${whole}\n`);
    const short = shortError(whole);
    const rest = short === whole ? '' : `\n  all of it: ${this.#outputs.pathOf(file)}`;
    return `test at ${place}\n${shortLine(title)}\n  ${short.replaceAll('\n', '\n  ')}${rest}\n`;
  }

  failures() {
    return this.#failures.length === 0 ? '' : `\n✖ failing tests:\n\n${this.#failures.join('\n')}\n`;
  }
}
