// Kernels before 6.9 or so add up the stack frames of a whole chain of calls and refuse more than 512 bytes; newer ones
// count otherwise and would not notice. So the object file itself is read: no chain of calls may come near that.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { KNOWN_PROGRAM, MARK_PROGRAM } from '../../src/datapath/ebpf/load/side-check.js';
import { artifact } from '../../src/sys/artifact.js';
import { breadth, test } from '../support/breadth.js';
import { noTools } from '../support/probes.js';
import { compiledBy, OBJECTS, otherClangs, SIDE_NAMES } from './compilers.js';

const LIMIT = 448;
/** XDP's for IPv6. */
const FULL_PATH = 'weir_xdp_full';
/** What user space runs of a bridging build. */
const MOVE_PROGRAM = 'weir_move';
/** The verifier rounds each frame up. */
const GRAIN = 32;

interface Routine {
  /** Its section, and where it begins there. */
  readonly place: string;
  /** Bytes below the frame pointer that are touched. */
  stack: number;
  readonly calls: Set<string>;
}

/** How far below the frame pointer a line reaches: by itself, or by an address made from a copy of it (`rN = r10; rN += -8`). */
function depthOf(line: string, copies: Set<string>): number {
  const copy = /\b(r\d) = r10$/.exec(line)?.[1];
  if (copy !== undefined) copies.add(copy);
  const moved = /\b(r\d) \+= -(0x[0-9a-f]+|\d+)$/.exec(line);
  if (moved?.[1] !== undefined && copies.delete(moved[1])) return Number(moved[2]);
  return Number(/r10 - (0x[0-9a-f]+|\d+)/.exec(line)?.[1] ?? 0);
}

/** Every function of the object, from its disassembly with relocations. */
function routines(disassembly: string): ReadonlyMap<string, Routine> {
  const found = new Map<string, Routine>();
  const copies = new Set<string>();
  let now: Routine = { place: '', stack: 0, calls: new Set() };
  let section = '';
  let loaded = '';
  for (const line of disassembly.split('\n')) {
    section = /^Disassembly of section (\S+):/.exec(line)?.[1] ?? section;
    const [, at = '', label = 'LBB'] = /^([0-9a-f]+) <([^>]+)>:/.exec(line) ?? [];
    if (!label.startsWith('LBB')) {
      now = { place: `${section}+${Number(`0x${at}`)}`, stack: 0, calls: new Set() };
      found.set(label, now);
    }
    now.stack = Math.max(now.stack, depthOf(line, copies));
    loaded = / = (\d+) ll$/.exec(line)?.[1] ?? loaded;
    const callee = /R_BPF_64_(?:32|64)\s+(\S+)/.exec(line)?.[1];
    // A static function that bpf_loop or a timer calls back: by its place in the section.
    if (callee !== undefined) now.calls.add(callee === '.text' ? `.text+${loaded}` : callee);
  }
  const statics = new Map([...found].map(([name, { place }]) => [place, name]));
  for (const { calls } of found.values()) for (const callee of [...calls]) calls.add(statics.get(callee) ?? callee);
  return found;
}

/** The deepest chain that begins at `name`: its bytes and its members. */
function deepest(all: ReadonlyMap<string, Routine>, name: string): { readonly bytes: number; readonly chain: readonly string[] } {
  const own = all.get(name) ?? assert.fail(`no ${name} in the object`);
  const below = [...own.calls].filter((callee) => callee !== name && all.has(callee)).map((callee) => deepest(all, callee));
  const worst = below.reduce((most, each) => (each.bytes > most.bytes ? each : most), { bytes: 0, chain: [] as readonly string[] });
  const bytes = Math.ceil(Math.max(own.stack, 1) / GRAIN) * GRAIN;
  return { bytes: bytes + worst.bytes, chain: [`${name} ${own.stack}`, ...worst.chain] };
}

/** The programs that an object must have: what is measured of it, at least. */
function programsOf(object: string): readonly string[] {
  const { xdp, ...others } = PROGRAMS;
  if (object === OBJECTS['xdp-ipv6']) return [xdp, FULL_PATH];
  return [
    ...Object.values(others),
    ...([OBJECTS.weir, OBJECTS.bridge, OBJECTS.takeover].some((name) => name === object) ? [xdp] : []),
    ...(/wide/.test(object) ? [KNOWN_PROGRAM, MARK_PROGRAM] : []),
    ...(/bridge|takeover/.test(object) ? [MOVE_PROGRAM] : []),
  ];
}

/** Entered by tail calls, or run by user space: a program that each must have. */
const OTHERS = [
  ...(['tunnel', 'tunnel6'] as const).map((build) => [build, 'weir_tunnel_xdp'] as const),
  ...(['fullnat', 'fullnat6', 'fullnat-sctp', 'fullnat-sctp6'] as const).map((build) => [build, 'weir_fullnat_request'] as const),
  ...(['apply', ...SIDE_NAMES.map((name) => `apply-${name}` as const)] as const).map((build) => [build, 'weir_apply'] as const),
  ...(['apply-fullnat', 'apply-fullnat6'] as const).map((build) => [build, 'weir_apply_flows'] as const),
  ['switch', 'weir_switch'] as const,
  ['bridge-switch', 'weir_switch'] as const,
  ['switch6', 'weir_switch'] as const,
  ['bridge-switch6', 'weir_switch'] as const,
];

function withinLimit(object: string, expected: readonly string[] = programsOf(basename(object))): void {
  const { stdout, status } = spawnSync('llvm-objdump', ['-d', '-r', '--no-show-raw-insn', object], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0);
  const all = routines(stdout);
  for (const program of expected) assert.ok(all.has(program), program);
  for (const program of [...all.keys()].filter((name) => name.startsWith('weir_'))) {
    const { bytes, chain } = deepest(all, program);
    assert.ok(bytes > GRAIN || program === PROGRAMS.housekeeping, `${program}: the disassembly was read`);
    assert.ok(bytes <= LIMIT, `${bytes} bytes: ${chain.join(' > ')}`);
  }
}

const skip = noTools('llvm-objdump');

for (const [what, build] of [
  ['the datapath', 'weir'],
  ['the bridging build', 'bridge'],
  ['the build that takes over', 'takeover'],
  ['the IPv6 build', 'ipv6'],
  ['the short cut of IPv6', 'xdp-ipv6'],
  ['the wide build', 'wide'],
  ['the SCTP build', 'sctp'],
  ['the wide build of IPv6', 'wide6'],
  ['the SCTP build of IPv6', 'sctp6'],
  ['the wide build of SCTP', 'wide-sctp'],
  ['the wide build of SCTP over IPv6', 'wide-sctp6'],
  ...SIDE_NAMES.map((name) => [`the bridging build of ${name}`, `bridge-${name}`] as const),
] as const) {
  (build.startsWith('bridge-') ? breadth : test)(`no chain of calls in ${what} needs more stack than Linux 6.1 allows`, { skip }, () =>
    withinLimit(artifact(OBJECTS[build])),
  );
  for (const clang of otherClangs())
    test(`nor in ${what} as ${clang} compiles it`, { skip }, () => compiledBy(clang, (object) => withinLimit(object), { build }));
}

for (const [build, program] of OTHERS)
  (build.startsWith('apply-') ? breadth : test)(
    `no chain of calls in ${build}.bpf.c needs more stack than Linux 6.1 allows`,
    { skip },
    () => withinLimit(artifact(`weir-${build}.bpf.o`), [program]),
  );
