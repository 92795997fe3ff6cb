// The lists of trackers in an instance or sync group: checks the names, reads the weights.
import type { Tracked, TrackedSet } from '../../../../model/keepalived/trackers.js';
import type { Report } from '../../diagnostics/report.js';
import type { Origin, Values, Word } from '../../keyword.js';
import { linesOf, nameOf } from '../../values/values.js';
import { type ListWords, readList } from './weight.js';

const forObject = (noun: string, underscored: string, limit: 253 | 254): ListWords => ({
  limit,
  missing: (name) => `track ${noun} ${name} not found, ignoring...`,
  duplicate: `duplicate ${underscored} %v - ignoring`,
  option: (_, word) => `unknown track ${noun} option ${word} - ignoring`,
  noValue: (name) => `weight without value specified for track ${noun} ${name} - ignoring`,
  range: (name) => `weight for track ${noun} ${name} must be in [-${limit}..${limit}] inclusive. Ignoring...`,
  weightOption: (name, word) => `unknown track ${noun} ${name} weight option ${word} - ignoring`,
  noreverse: true,
  clamps: false,
});

const file = forObject('file', 'track_file', 254);
const process: ListWords = {
  ...forObject('process', 'track_process', 254),
  weightOption: (name, word) => `unknown track_process ${name} weight option ${word} - ignoring`,
};
const script: ListWords = {
  ...forObject('script', 'track_script', 253),
  range: (name) => `track script ${name}: weight must be between [-253..253] inclusive, ignoring...`,
  weightOption: (name, word) => `unknown track_script ${name} weight option ${word} - ignoring`,
  clamps: true,
};
const bfd: ListWords = {
  ...forObject('bfd', 'track_bfd', 253),
  option: (name, word) => `unknown track bfd ${name} option ${word} - ignoring`,
};
const networkInterface: ListWords = {
  limit: 253,
  missing: (name) => `tracked interface ${name} doesn't exist`,
  duplicate: 'duplicate track_interface %v - ignoring',
  option: (name, word) => `unknown track_interface ${name} option ${word} - ignoring`,
  noValue: (name) => `weight without value specified for track_interface ${name} - ignoring`,
  range: (name, word) => `weight ${word} for ${name} must be between [-253..253] inclusive. Ignoring...`,
  weightOption: (name, word) => `unknown track_interace ${name} weight option ${word} - ignoring`,
  noreverse: false,
  clamps: true,
};

/** Where the trackers are defined, by name. */
export interface DefinedTrackers {
  readonly scripts: ReadonlyMap<string, Origin>;
  readonly files: ReadonlyMap<string, Origin>;
  readonly processes: ReadonlyMap<string, Origin>;
  readonly bfds: ReadonlyMap<string, Origin>;
}

/**
 * Why a name is not found: keepalived reads from the top, so definitions below do not count. The order of different files is unknown; there
 * every definition counts.
 */
function whyMissing(defined: ReadonlyMap<string, Origin>, word: Word): string | undefined {
  const at = defined.get(word.text);
  if (at === undefined) return [...defined.keys()].length === 0 ? 'none is defined' : `defined are ${[...defined.keys()].join(', ')}`;
  return at.file === word.at.file && at.line > word.at.line
    ? `it is defined in line ${at.line} only; what is named must stand before`
    : undefined;
}

/** Shared by all that track nothing: a file may have tens of thousands of them. */
const NONE: readonly Tracked[] = [];

/** All trackers that the block lists. Whether interfaces exist is examined elsewhere (host/). */
export function buildTracked(block: Values, defined: DefinedTrackers, report: Report): TrackedSet {
  const list = (keyword: string, names: ReadonlyMap<string, Origin> | undefined, texts: ListWords): readonly Tracked[] => {
    const lines = linesOf(block, keyword);
    if (lines.length === 0) return NONE;
    const missing = (word: Word): string | undefined => (names === undefined ? undefined : whyMissing(names, word));
    return readList(lines, nameOf(block), missing, texts, report).map(({ tracked }) => tracked);
  };
  return {
    interfaces: list('track_interface', undefined, networkInterface),
    scripts: list('track_script', defined.scripts, script),
    files: list('track_file', defined.files, file),
    processes: list('track_process', defined.processes, process),
    bfds: list('track_bfd', defined.bfds, bfd),
  };
}
