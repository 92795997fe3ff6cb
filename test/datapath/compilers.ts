// The datapath as every other clang on this machine makes it: what one compiler writes, another's user must be able to load.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from '../support/project.js';

/** Names such as `clang-19` of each compiler on the PATH but the one that `clang` is, by version. */
export function otherClangs(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => existsSync(folder));
  const found = new Map<string, string>();
  for (const folder of folders) {
    for (const name of readdirSync(folder).filter((each) => /^clang(-\d+)?$/.test(each))) {
      if (!found.has(name)) found.set(name, realpathSync(join(folder, name)));
    }
  }
  const usual = found.get('clang');
  const version = (name: string): number => Number(name.slice('clang-'.length));
  return [...found.keys()].filter((name) => found.get(name) !== usual).sort((a, b) => version(a) - version(b));
}

function compile(clang: string, source: string, object: string): void {
  const headers = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  execFileSync(clang, [`@${root}/bpf/compile_flags.txt`, `-I${headers}`, '-c', source, '-o', object]);
  execFileSync('llvm-strip', ['-g', object]);
}

/** VRRP's and BFD's socket filters, as dev/build.mjs names them. */
const FILTERS = ['vrrp', 'heartbeat', 'claim', 'bfd'] as const;

/** Compiles them into a folder. */
export function filtersBy(clang: string, folder: string): readonly string[] {
  return FILTERS.map((name) => {
    const object = join(folder, `weir-${name}.bpf.o`);
    compile(clang, `${root}/bpf/filters/${name}.bpf.c`, object);
    return object;
  });
}

/** Builds of tc's programs beside those on the links. Each has a bridging build, too. */
export const SIDE_NAMES = ['ipv6', 'wide', 'sctp', 'wide6', 'sctp6', 'wide-sctp', 'wide-sctp6'] as const;

/** The builds of the datapath, by the names of their sources. */
export const OBJECTS = {
  weir: 'weir.bpf.o',
  bridge: 'weir-bridge.bpf.o',
  takeover: 'weir-takeover.bpf.o',
  'xdp-ipv6': 'weir-xdp-ipv6.bpf.o',
  ipv6: 'weir-ipv6.bpf.o',
  wide: 'weir-wide.bpf.o',
  sctp: 'weir-sctp.bpf.o',
  wide6: 'weir-wide6.bpf.o',
  sctp6: 'weir-sctp6.bpf.o',
  'wide-sctp': 'weir-wide-sctp.bpf.o',
  'wide-sctp6': 'weir-wide-sctp6.bpf.o',
  'bridge-ipv6': 'weir-bridge-ipv6.bpf.o',
  'bridge-wide': 'weir-bridge-wide.bpf.o',
  'bridge-sctp': 'weir-bridge-sctp.bpf.o',
  'bridge-wide6': 'weir-bridge-wide6.bpf.o',
  'bridge-sctp6': 'weir-bridge-sctp6.bpf.o',
  'bridge-wide-sctp': 'weir-bridge-wide-sctp.bpf.o',
  'bridge-wide-sctp6': 'weir-bridge-wide-sctp6.bpf.o',
} as const;

/** Those of content switching, which need a newer kernel. */
export const SWITCH_OBJECTS = {
  switch: 'weir-switch.bpf.o',
  switch6: 'weir-switch6.bpf.o',
  'bridge-switch': 'weir-bridge-switch.bpf.o',
  'bridge-switch6': 'weir-bridge-switch6.bpf.o',
} as const;
const ALL_OBJECTS = { ...OBJECTS, ...SWITCH_OBJECTS };

/** `source`: the folder of the C. */
interface Compiled {
  readonly source?: string;
  readonly build?: keyof typeof ALL_OBJECTS;
}

/** Compiles the datapath as dev/build.mjs does, into a folder of its own, for `work` with the object's path. */
export function compiledBy<T>(
  clang: string,
  work: (object: string) => T,
  { source = `${root}/bpf/director`, build = 'weir' }: Compiled = {},
): T {
  const folder = mkdtempSync(join(tmpdir(), `weir-${clang}-`));
  try {
    const object = join(folder, ALL_OBJECTS[build]);
    compile(clang, `${source}/${build}.bpf.c`, object);
    return work(object);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The datapath with another text in one of its headers, which must stand there once. */
export function compiledWith<T>(
  header: string,
  was: string,
  is: string,
  work: (object: string) => T,
  build: keyof typeof OBJECTS = 'weir',
): T {
  const folder = mkdtempSync(join(tmpdir(), 'weir-source-'));
  try {
    cpSync(`${root}/bpf/director`, folder, { recursive: true });
    const parts = readFileSync(join(folder, header), 'utf8').split(was);
    if (parts.length !== 2) throw new Error(`${header} has ${parts.length - 1} times: ${was}`);
    writeFileSync(join(folder, header), parts.join(is));
    return compiledBy('clang', work, { source: folder, build });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
