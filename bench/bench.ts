// `npm run bench`: measures weir beside its peers and compares the figures with their gates.
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { Bpffs } from '../src/datapath/ebpf/pins/bpffs.js';
import { against } from './against.js';
import { api } from './api.js';
import { checks } from './checks.js';
import { commands } from './commands.js';
import { compileObjects, compileTools, dropTools, type Objects } from './compile.js';
import { failover } from './failover.js';
import { flood } from './flood.js';
import { ipv6 } from './ipv6.js';
import { layer7 } from './layer7.js';
import { contentSwitch } from './layer7-switch.js';
import { list, memory } from './memory.js';
import { methods } from './methods.js';
import { dropNamespaces, sweepNamespaces } from './namespaces.js';
import { type Options, type PartName, parseOptions, usage } from './options.js';
import { path } from './path.js';
import { pin } from './pinning.js';
import { stopAll } from './processes.js';
import { program } from './program.js';
import { passes, type Row, table, verdict } from './report.js';
import { scale } from './scale.js';
import { soakRows } from './soak.js';
import { sync } from './sync.js';
import { wire } from './wire.js';
import { Wrapper } from './wrap.js';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** What the parts share. */
interface Bench {
  readonly wrapper: Wrapper;
  readonly objects: Objects;
  readonly cpu: number;
}

interface Part {
  /** Of its one table; a part without prints its own. */
  readonly title?: string;
  readonly run: (options: Options, bench: Bench) => Promise<readonly Row[]>;
}

const withTools = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = compileTools('udp-source', 'udp-sink');
  try {
    return await use(folder);
  } finally {
    dropTools(folder);
  }
};

const parts: Readonly<Record<PartName, Part>> = {
  program: { title: 'The program alone', run: async (options, { wrapper, objects }) => program(options, wrapper, objects) },
  path: {
    title: 'Packets over veth, one core, generator and sink included',
    run: (options, { wrapper, cpu }) => path(options, wrapper, cpu, print),
  },
  wire: { run: (options, { cpu, objects }) => withTools((tools) => wire({ options, cpu, tools, decap: objects.decap }, print)) },
  flood: { title: 'A SYN flood beside users, all cores', run: (options, { wrapper, cpu }) => flood(options, wrapper, cpu) },
  scale: {
    title: 'Many services, many destinations',
    run: async (options, { wrapper, objects }) => scale(options, wrapper, objects),
  },
  ipv6: { title: 'IPv6 beside IPv4, by XDP and by tc', run: async (options, { wrapper, objects }) => ipv6(options, wrapper, objects) },
  methods: { title: 'Every method beside NAT', run: async (options, { wrapper, objects }) => methods(options, wrapper, objects) },
  memory: { title: 'Kernel memory', run: async (_, { wrapper }) => memory(wrapper) },
  list: { title: 'Reading a million connections', run: async (options, { wrapper }) => list(options, wrapper) },
  commands: { title: 'Commands on large tables, all cores', run: async (options, { wrapper }) => commands(options, wrapper) },
  failover: { title: 'Failover beside keepalived, all cores', run: (options) => failover(options, print) },
  checks: { title: 'Health checks beside keepalived, all cores', run: (options) => checks(options, print) },
  sync: { title: 'Connections of two nodes kept the same, all cores', run: (options, { wrapper }) => sync(options, wrapper, print) },
  layer7: { title: 'The proxy beside other proxies of HTTP', run: (options, { cpu }) => layer7(options, cpu) },
  switch: { title: 'Content switching beside plain routing and nginx', run: (options, { cpu }) => contentSwitch(options, cpu) },
  api: { title: 'The control API, 1,000 services', run: (options, { cpu }) => api(options, cpu) },
  soak: { title: 'Short connections without end', run: (options, { wrapper }) => soakRows(options, wrapper) },
};

const machine = (cpu: number): Readonly<Record<string, unknown>> => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cpus: cpus().length,
  pinned: cpu,
  kernel: release(),
  node: process.version,
  date: new Date().toISOString(),
});

const measure = async (options: Options, bench: Bench): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (const name of options.parts) {
    const part = parts[name];
    try {
      const found = await part.run(options, bench);
      rows.push(...found);
      if (part.title !== undefined) print(table(part.title, found));
    } catch (error) {
      print(`== ${part.title ?? name}\nnot measured: ${error instanceof Error ? error.message : String(error)}\n`);
      rows.push({
        part: name,
        name: 'not measured',
        value: Number.NaN,
        unit: '',
        gate: { kind: 'at-least', limit: 0 },
        note: String(error),
      });
    }
  }
  return rows;
};

/** Prints the verdict and writes the JSON; the exit status. */
const conclude = (options: Options, about: Readonly<Record<string, unknown>>, rows: readonly Row[]): number => {
  const { passed, gates, missed } = verdict(rows);
  print(`${passed} of ${gates} gates passed${missed.map((name) => `\nmissed: ${name}`).join('')}`);
  if (options.json !== undefined) {
    const found = rows.map((row) => ({ ...row, pass: passes(row) ?? null }));
    writeFileSync(options.json, `${JSON.stringify({ machine: about, quick: options.quick, rows: found }, null, 2)}\n`);
  }
  return options.gate && missed.length > 0 ? 1 : 0;
};

const main = async (): Promise<number> => {
  const options = parseOptions(process.argv.slice(2));
  if (process.getuid?.() !== 0) throw new Error('the bench makes network namespaces and loads BPF programs: run it as root');
  if (options.against !== undefined) {
    const rows = against(options.against, options, print);
    print(table(`This build beside that of ${options.against}, in turns`, rows));
    return conclude(options, machine(options.cpu ?? cpus().length - 1), rows);
  }
  sweepNamespaces();
  const objects = compileObjects();
  const wrapper = new Wrapper(objects.wrap);
  const { cpu, undo } = pin(options.cpu, options.nice);
  const leave = (): void => {
    stopAll();
    wrapper.close();
    dropNamespaces();
    Bpffs.find()?.sweep(); // the pins of directors that an interrupt left behind
    undo();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      leave();
      process.exit(130);
    });
  }
  try {
    const about = machine(cpu);
    print(
      `${about['cpu']}, kernel ${about['kernel']}, all on CPU ${cpu}${options.quick ? '; a quick run: its figures are no evidence' : ''}\n`,
    );
    const rows = await measure(options, { wrapper, objects, cpu });
    return conclude(options, about, rows);
  } finally {
    leave();
  }
};

// Awaited here: a run whose promise never settles ends with status 13, and not with 0 and without its table.
try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(
    `bench: ${error instanceof Error ? error.message : String(error)}\n${/option|needs a value|takes a|part/.test(String(error)) ? usage : ''}`,
  );
  process.exitCode = 2;
}
