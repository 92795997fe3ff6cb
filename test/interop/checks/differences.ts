// What two daemons did in the same case, compared: log lines, scripts, FIFO lines and mails, tables in their order, attempts, moments.

import type { Maker } from '../harness.js';
import type { Side } from './side.js';
import { countedSpans, WHAT_A_CHECK_SAW } from './spans.js';
import { type Table, tableText } from './table.js';
import type { CheckCase } from './types.js';

/** Lines about the process and its files, and not about servers. */
const NOT_ABOUT_SERVERS =
  /^(Starting |Running on |Command line: |\s+'|(Adding|Changing) virtual server |Opening file |Configuration file |NOTICE: |Script user |Initializing ipvs|Activating BFD healthchecker|Startup complete|Stopping|Stopped|CPU usage|Reload finished|Got SIGHUP|A thread timer expired |Reinitializing ipvs|Registering Kernel netlink |Netlink reflector reports |Reload complete|Reloading|.*SECURITY VIOLATION)/;

/** About a BFD session itself, which test/interop/bfd.test.ts compares; a line without a name goes on with what the one before lists. */
const ABOUT_SESSIONS = /^(\(\w+\) |\s+(min_tx|local|remote|Detection time) |Received BFD event: |Discarding packet from )/;

/** Of mails, which weir sends one after the other, keepalived side by side; those of the stop are lost where it does not wait for them. */
const ABOUT_MAIL = /^(Remote SMTP server .* connected\.|SMTP alert successfully sent\.)$/;

function beforeStop({ happened }: Side, kind: 'line' | 'mail'): string[] {
  const stop = happened.findIndex((entry) => entry.kind === 'step' && entry.text === 'stop');
  return happened.slice(0, stop).flatMap((entry) => (entry.kind === kind ? [entry.text] : []));
}

const mailLinesOf = (side: Side): readonly string[] =>
  beforeStop(side, 'line')
    .filter((line) => ABOUT_MAIL.test(line))
    .sort();

/** keepalived gives its checker five seconds to end, which a busy machine may not do; weir ends in them. */
const KILLED_IN_THE_END: Readonly<Record<Maker, readonly RegExp[]>> = {
  weir: [],
  debian: [/^checker process failed to die - forcing termination$/],
};

function linesOf(side: Side): readonly string[] {
  const { maker } = side.world;
  const own = [...KILLED_IN_THE_END[maker], ...(side.checked.only?.[maker] ?? [])];
  return side.lines
    .filter(
      (line) =>
        !NOT_ABOUT_SERVERS.test(line) &&
        !WHAT_A_CHECK_SAW.test(line) &&
        !ABOUT_SESSIONS.test(line) &&
        !ABOUT_MAIL.test(line) &&
        !own.some((pattern) => pattern.test(line)),
    )
    .map((line) => line.replaceAll(side.folder, '@'));
}

/** The real server that a line is about, and of which virtual server. */
const subjectOf = (line: string): string => (line.match(/\[[\d.]+\]:(tcp|udp):\d+/g) ?? []).join(' ');

/** Ordered, but what is about different servers in any order. */
const bySubject = (lines: readonly string[]): readonly string[] =>
  lines
    .map((line, index) => ({ line, index, subject: subjectOf(line) }))
    .sort((one, other) => (one.subject < other.subject ? -1 : one.subject > other.subject ? 1 : one.index - other.index))
    .map(({ line }) => line);

function differing(what: string, weir: readonly string[], debian: readonly string[]): readonly string[] {
  if (weir.join('\n') === debian.join('\n')) return [];
  const rows = Math.max(weir.length, debian.length);
  const first = [...Array(rows).keys()].find((row) => weir[row] !== debian[row]) ?? 0;
  const list = (lines: readonly string[]) => lines.map((line, row) => `  ${row === first ? '>' : ' '} ${line}`).join('\n');
  return [`${what} differ\n weir:\n${list(weir)}\n keepalived:\n${list(debian)}`];
}

function notes(weir: Side, debian: Side, racing: boolean): readonly string[] {
  // keepalived runs scripts side by side.
  const scripts = (side: Side) => [...side.notes].sort();
  const mails = (side: Side) => beforeStop(side, 'mail').sort();
  const order = racing ? bySubject : (lines: readonly string[]) => lines;
  return [
    ...differing('FIFO lines', order(weir.fifo), order(debian.fifo)),
    ...differing('scripts', scripts(weir), scripts(debian)),
    ...differing('lines about mails', mailLinesOf(weir), mailLinesOf(debian)),
    ...differing('mails', mails(weir), mails(debian)),
  ];
}

const tablesOf = (side: Side): readonly Table[] => side.happened.flatMap((entry) => (entry.kind === 'table' ? [entry.table] : []));

/** Without those that are as the one before. */
const distinct = (texts: readonly string[]): readonly string[] => texts.filter((text, index) => text !== texts[index - 1]);

/** The parts of a table that change together: all of it, or each destination where servers race. */
function histories(tables: readonly Table[], racing: boolean): ReadonlyMap<string, readonly string[]> {
  const whole = tables.map((table) => tableText(table).join('; '));
  if (!racing) return new Map([['table', distinct(['', ...whole])]]);
  const found = new Map<string, readonly string[]>();
  const keys = new Set(
    tables.flatMap((table) => [...table].flatMap(([name, { destinations }]) => [...destinations.keys()].map((key) => `${name} → ${key}`))),
  );
  for (const key of keys) {
    const [service = '', destination = ''] = key.split(' → ');
    const values = tables.map((table) => table.get(service)?.destinations.get(destination) ?? '');
    found.set(key, distinct(['', ...values]));
  }
  return found;
}

/**
 * weir changes in one moment what keepalived changes one by one: every table that weir showed is one that keepalived showed, in the same
 * order.
 */
function tables(weir: Side, debian: Side, racing: boolean): readonly string[] {
  const [ours, theirs] = [histories(tablesOf(weir), racing), histories(tablesOf(debian), racing)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((key) => {
    const [mine, other] = [ours.get(key) ?? [''], theirs.get(key) ?? ['']];
    let at = -1;
    const follows = mine.every((text) => {
      at = other.indexOf(text, at + 1);
      return at >= 0;
    });
    return follows && mine.at(-1) === other.at(-1) ? [] : differing(`histories of ${key}`, mine, other);
  });
}

/** How much later or earlier one daemon's moment may be than the other's, ms; the delays of cases are a second apart. */
const TOLERANCE_MS = 600;

function spans(weir: Side, debian: Side, checked: CheckCase): readonly string[] {
  const [ours, theirs] = [countedSpans(weir), countedSpans(debian)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((key) => {
    if (Object.keys(checked.uncounted ?? {}).some((place) => key.startsWith(place))) return [];
    const [mine, other] = [ours.get(key), theirs.get(key)];
    if (mine === undefined || other === undefined) return [`only one of both has attempts ${key}`];
    const text = (gaps: readonly number[]) => gaps.map((ms) => `${Math.round(ms)} ms`).join(', ');
    const alike = mine.length === other.length && mine.every((ms, index) => Math.abs(ms - (other[index] ?? 0)) <= TOLERANCE_MS);
    return alike ? [] : [`attempts ${key}: weir ${text(mine)}; keepalived ${text(other)}`];
  });
}

export interface Exactness {
  /** Servers of their own change at the same time: what is about different ones may come in another order. */
  readonly racing: boolean;
  /** How many attempts there were before each line, and when. */
  readonly moments: boolean;
}

export function differences(checked: CheckCase, weir: Side, debian: Side, { racing, moments }: Exactness): readonly string[] {
  const order = racing ? bySubject : (lines: readonly string[]) => lines;
  return [
    ...differing('log lines', order(linesOf(weir)), order(linesOf(debian))),
    ...notes(weir, debian, racing),
    ...tables(weir, debian, racing),
    ...differing('timeouts', [weir.timeouts], [debian.timeouts]),
    ...(moments ? spans(weir, debian, checked) : []),
  ];
}

/** All that a side did, for a failure's message. */
export function story(side: Side): string {
  const [first] = side.happened;
  const rows = side.happened.map((entry) => {
    const text = entry.kind === 'table' ? tableText(entry.table).join('; ') || '(empty)' : entry.text;
    return `${((entry.atMs - (first?.atMs ?? 0)) / 1000).toFixed(3).padStart(8)} ${entry.kind.padEnd(7)} ${text}`;
  });
  return `--- ${side.world.maker}\n${rows.join('\n')}\nscripts: ${side.notes.join(' | ')}\nFIFO: ${side.fifo.join(' | ')}\n`;
}
