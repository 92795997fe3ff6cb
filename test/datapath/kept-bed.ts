// A bed that the tests of one file use one after the other: nearly all of a bed's time is the verifier's. Each test finds it as just loaded, but for
// the builds of tests before. Where a test has left other pins or another network, or has failed, the next one gets a new bed.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { after } from 'node:test';
import { IPV6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { type Bed, type BedOptions, openBed } from './bed.js';

interface Kept {
  readonly bed: Bed;
  /** Of its options. */
  readonly key: string;
  readonly namespace: number;
  readonly pins: ReadonlyMap<string, number>;
  readonly network: string;
}

let kept: Kept | undefined;

function closeKept(): void {
  kept?.bed.close();
  kept = undefined;
}

after(closeKept);

/** Each pin is an inode: another table or program in its place is another one. */
const pinsOf = ({ folder }: Bed): ReadonlyMap<string, number> =>
  new Map(readdirSync(folder).map((name) => [name, statSync(`${folder}/${name}`).ino]));

const shown = (...words: readonly string[]): string => execFileSync('ip', words, { encoding: 'utf8' });

/** What of a line changes by itself, as links come up and addresses are found to be unique. */
const PASSING = /state \S+|tentative|linkdown|valid_lft .*|expires \S+/g;
/** Routes that the kernel makes of addresses. */
const OF_ADDRESSES = /^(?:local|broadcast|multicast|anycast) |^fe80::/;

/** Devices, addresses, neighbours, routes and rules of this namespace. */
function networkHere(): string {
  const texts = [
    shown('-o', 'link'),
    shown('-o', 'addr', 'show', 'scope', 'global'),
    shown('-o', 'neigh', 'show', 'nud', 'permanent'),
    ...['-4', '-6'].flatMap((family) => [shown(family, 'route', 'show', 'table', 'all'), shown(family, 'rule')]),
    shown('xfrm', 'policy'),
  ];
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => !OF_ADDRESSES.test(line));
  return lines.map((line) => line.replace(PASSING, '').trim()).join('\n');
}

const namespaceHere = (): number => statSync('/proc/self/ns/net').ino;

function take(options: BedOptions): Kept {
  const key = JSON.stringify(options);
  if (kept?.key === key && kept.namespace === namespaceHere()) return kept;
  closeKept();
  const bed = openBed(options);
  return { bed, key, namespace: namespaceHere(), pins: pinsOf(bed), network: networkHere() };
}

const isAsBefore = ({ bed, pins, network }: Kept): boolean => {
  const now = pinsOf(bed);
  return [...pins].every(([name, inode]) => now.get(name) === inode) && networkHere() === network;
};

/** As just loaded, without the next hops of clients too, whatever they were found by. */
function empty(bed: Bed): void {
  bed.lookAtInterfaces();
  bed.wipe();
  for (const pin of ['client_hops', IPV6_PINS.client_hops]) {
    const table = bed.sideTable(pin);
    if (table !== undefined) new Uint8Array(table).fill(0);
  }
}

/** The bed for `work`, which takes away what it adds to the network. */
export async function inKeptBed(work: (bed: Bed) => Promise<void> | void, options: BedOptions = {}): Promise<void> {
  const mine = take(options);
  kept = undefined;
  let isFit = false;
  try {
    await work(mine.bed);
    if (isAsBefore(mine)) {
      empty(mine.bed);
      isFit = true;
    }
  } finally {
    if (isFit) kept = mine;
    else mine.bed.close();
  }
}
