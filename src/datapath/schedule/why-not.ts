// Why a scheduler did not choose a destination, in words: it looks at the list as the scheduler did, and at what it chose.
import { overhead, overheadBy } from './lc.js';
import { type Candidate, type Candidates, eligible } from './scheduler.js';

const HASHES: ReadonlySet<string> = new Set(['dh', 'sh', 'mh']);

const connections = (count: number): string => `${count} ${count === 1 ? 'connection' : 'connections'}`;

/** As wlc compares: an active connection counts as 256 inactive ones, by weight. */
function byOverhead(other: Candidate, chosen: Candidate): string {
  const [theirs, ours] = [overheadBy(other, chosen.weight), overheadBy(chosen, other.weight)];
  if (theirs === ours) return 'as few connections for its weight, but behind it in the list';
  return 'more connections for its weight';
}

function byActive(other: Candidate, chosen: Candidate): string {
  if (overhead(other) === overhead(chosen)) return 'as few connections, but behind it in the list';
  return 'more connections';
}

function byDelay(other: Candidate, chosen: Candidate): string {
  const [theirs, ours] = [BigInt(other.active + 1) * BigInt(chosen.weight), BigInt(chosen.active + 1) * BigInt(other.weight)];
  return theirs === ours
    ? 'the same expected delay, but behind it in the list'
    : `a longer expected delay: ${connections(other.active)} active`;
}

/** Of fo and ovf. */
function byWeight(scheduler: string, other: Candidate, chosen: Candidate): string {
  if (scheduler === 'ovf' && other.active > other.weight) return `more active connections than its weight: ${other.active}`;
  return other.weight === chosen.weight ? 'as heavy, but behind it in the list' : `lighter: weight ${other.weight}`;
}

/** `chosen`: by the scheduler with this name; undefined: none was. */
export function whyNot(scheduler: string, other: Candidate, chosen: Candidate | undefined, list: Candidates): string {
  if (other.weight <= 0 && !HASHES.has(scheduler)) return 'weight 0';
  if (other.overloaded) return 'overloaded: its upper threshold is reached';
  if (HASHES.has(scheduler)) return other.weight <= 0 && list.length === 1 ? 'weight 0' : "not in the hash's slot";
  if (chosen === undefined) return scheduler === 'ovf' ? byWeight(scheduler, other, other) : 'not chosen';
  switch (scheduler) {
    case 'rr':
    case 'wrr':
      return 'not its turn';
    case 'lc':
      return byActive(other, chosen);
    case 'sed':
      return byDelay(other, chosen);
    case 'nq':
      return chosen.active === 0 ? nextIdle(other) : byDelay(other, chosen);
    case 'fo':
    case 'ovf':
      return byWeight(scheduler, other, chosen);
    case 'twos':
      return 'not drawn, or busier than the other one drawn';
    case 'lblc':
    case 'lblcr':
      return eligible(chosen) ? 'the address is served by another one' : byOverhead(other, chosen);
    default:
      return byOverhead(other, chosen);
  }
}

const nextIdle = ({ active }: Candidate): string =>
  active === 0 ? 'idle, too, but behind it in the list' : `busy, while another one is idle: ${connections(active)} active`;
