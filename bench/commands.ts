// Part 10: how long commands take with large tables, from the start of the process to its end, on all cores.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileTools, dropTools } from './compile.js';
import type { Datapath } from './datapath.js';
import { establish, learnHops, onDirector, plain } from './many-connections.js';
import { median } from './median.js';
import { dropNamespace, makeNamespace } from './namespaces.js';
import { nodeStart } from './node-start.js';
import type { Options } from './options.js';
import { run } from './processes.js';
import type { Row } from './report.js';
import { rowOf } from './row-of.js';
import { allCpus } from './vrrp-pair.js';
import { now } from './wait.js';
import type { Wrapper } from './wrap.js';

const row = rowOf('commands');
const bin = (name: string): string => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

const SERVICES = 10_000;
const SERVERS_EACH = 3;
const LISTED = 1_000_000;
const RESTORE_MAX_S = 2;
const LISTING_MAX_S = 3;
const FEW_SERVICES = 10;
const FEW_MAX_MS = 100;
const FEW_STARTS_MAX = 4;
const FEW_TURNS = 15;
const QUICK_FEW_TURNS = 5;
const LISTED_FEW = 10_000;
/** The text of all lines alone is 80 MB. */
const MEMORY_MAX_MB = 64;
const HEADER_LINES = 2;

const onAllCpus = (...command: readonly string[]): readonly string[] => ['taskset', '-c', allCpus, ...command];

/** As ipvsadm-save writes it. */
const rules = (services: number): string => {
  const lines: string[] = [];
  for (let service = 0; service < services; service += 1) {
    const address = `10.1.${service >> 8}.${service & 255}:80`;
    lines.push(`-A -t ${address} -s wlc`);
    for (let server = 1; server <= SERVERS_EACH; server += 1)
      lines.push(`-a -t ${address} -r 10.2.${server}.1:${10_000 + service} -m -w 1`);
  }
  return `${lines.join('\n')}\n`;
};

/** Seconds; @throws Error when it fails */
const timed = (namespace: string, command: readonly string[], input = ''): { readonly seconds: number; readonly output: string } => {
  const began = now();
  const output = run(namespace, onAllCpus(...command), input);
  return { seconds: now() - began, output };
};

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** @throws Error where the listing has not all of the services */
const expectAll = (output: string, expected: number): void => {
  const services = countOf(output, /^TCP /gm);
  const servers = countOf(output, /^ {2}-> \d/gm);
  if (services !== expected || servers !== expected * SERVERS_EACH)
    throw new Error(`${services} services and ${servers} servers are in the table`);
};

/** Into an empty table, which is loaded already. */
const restore = (times: number): readonly Row[] => {
  const found: { readonly restored: number; readonly listed: number; readonly start: number }[] = [];
  const text = rules(SERVICES);
  const namespace = makeNamespace('commands');
  try {
    for (let turn = 0; turn < times; turn += 1) {
      run(namespace, [bin('weir'), 'load']);
      const start = nodeStart();
      const { seconds: restored } = timed(namespace, [bin('ipvsadm'), '-R'], text);
      const { seconds: listed, output } = timed(namespace, [bin('ipvsadm'), '-Ln']);
      expectAll(output, SERVICES);
      found.push({ restored, listed, start });
      run(namespace, [bin('weir'), 'unload']);
    }
  } finally {
    dropNamespace(namespace);
  }
  const starts = found.map(({ start }) => start);
  return [
    row(
      `ipvsadm -R, ${SERVICES} services of ${SERVERS_EACH} servers`,
      found.map(({ restored }) => restored),
      's',
      { gate: { kind: 'at-most', limit: RESTORE_MAX_S }, note: `node -e '': ${median(starts).toFixed(3)} s` },
    ),
    row(
      'ipvsadm -Ln of the same',
      found.map(({ listed }) => listed),
      's',
    ),
  ];
};

/** In turns with the start of a program of this node that does nothing. */
const listFew = (times: number): readonly Row[] => {
  const namespace = makeNamespace('few');
  try {
    run(namespace, [bin('ipvsadm'), '-R'], rules(FEW_SERVICES));
    const turns = Array.from({ length: times }, () => {
      const start = nodeStart() * 1000;
      const { seconds, output } = timed(namespace, [bin('ipvsadm'), '-Ln']);
      expectAll(output, FEW_SERVICES);
      return { start, listed: seconds * 1000 };
    });
    run(namespace, [bin('weir'), 'unload']);
    const samples = turns.map(({ listed }) => listed);
    const starts = median(turns.map(({ start }) => start));
    const name = `ipvsadm -Ln of ${FEW_SERVICES} services of ${SERVERS_EACH} servers`;
    return [
      row(name, samples, 'ms', { gate: { kind: 'at-most', limit: FEW_MAX_MS }, note: `node -e '': ${starts.toFixed(1)} ms` }),
      row('the same beside a start of node', samples, 'ms', {
        ratio: median(turns.map(({ start, listed }) => listed / start)),
        basis: "of node -e ''",
        gate: { kind: 'at-most', limit: FEW_STARTS_MAX },
      }),
    ];
  } finally {
    dropNamespace(namespace);
  }
};

const listConnections = (namespace: string, times: number): Row => {
  const count = `"$1" -Lcn | grep -c '^TCP .*ESTABLISHED'`;
  const found = Array.from({ length: times }, () => timed(namespace, ['sh', '-c', count, 'sh', bin('ipvsadm')]));
  const lines = found.map(({ output }) => Number(output));
  const wrong = lines.find((each) => each !== LISTED);
  const samples = wrong === undefined ? found.map(({ seconds }) => seconds) : [Number.NaN];
  return row(`ipvsadm -Lcn of ${LISTED} connections`, samples, 's', {
    gate: { kind: 'at-most', limit: LISTING_MAX_S },
    note: `${wrong ?? LISTED} connections listed`,
  });
};

/** MB at most in the process of the listing; @throws Error where it has not so many lines */
const peakMemory = (tools: string, namespace: string, connections: number): number => {
  const { output } = timed(namespace, [join(tools, 'peak-memory'), bin('ipvsadm'), '-Lcn']);
  const [lines = 0, bytes = 0] = output.split(' ').map(Number);
  if (lines !== connections + HEADER_LINES) throw new Error(`ipvsadm -Lcn of ${connections} connections printed ${lines} lines`);
  return bytes / 2 ** 20;
};

/** The tables themselves, which are mapped, are the same both times. */
const peakRow = (many: readonly number[], few: readonly number[]): Row =>
  row(`the same: memory beyond that of ${LISTED_FEW}`, [median(many) - median(few)], 'MB', {
    gate: { kind: 'at-most', limit: MEMORY_MAX_MB },
    note: `${median(many).toFixed(0)} and ${median(few).toFixed(0)} MB, mapped tables included`,
  });

const listMany = (times: number, wrapper: Wrapper, tools: string): readonly Row[] =>
  onDirector('list', (datapath: Datapath, ifindex, namespace) => {
    const peaks = (): readonly number[] => Array.from({ length: times }, () => peakMemory(tools, namespace, datapath.table.count()));
    learnHops(datapath, plain, ifindex);
    establish(wrapper, datapath, plain, ifindex, LISTED);
    const listed = listConnections(namespace, times);
    const many = peaks();
    datapath.clear();
    establish(wrapper, datapath, plain, ifindex, LISTED_FEW);
    return [listed, peakRow(many, peaks())];
  });

export const commands = (options: Options, wrapper: Wrapper): readonly Row[] => {
  const times = options.quick ? 2 : 5;
  const tools = compileTools('peak-memory');
  try {
    return [...restore(times), ...listFew(options.quick ? QUICK_FEW_TURNS : FEW_TURNS), ...listMany(times, wrapper, tools)];
  } finally {
    dropTools(tools);
  }
};
