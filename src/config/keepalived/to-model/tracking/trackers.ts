// vrrp_script, track_file and vrrp_track_process: what VRRP tracks (keepalived.conf(5)).
import type { RunAs, Script } from '../../../../model/keepalived/script.js';
import type { TrackFile, TrackProcess, TrackScript } from '../../../../model/keepalived/trackers.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { INT_MAX, readWhole, SECOND_US } from '../../values/number.js';
import { blocksOf, has, lastOf, nameOf, numberOf, placeOf, scriptOf, wordsOf } from '../../values/values.js';
import { readDefinedWeight } from './weight.js';

/** The blocks of one kind. Of two with one name, the first counts; keepalived stores both silently and finds the first. */
function buildAll<T>(root: Values, keyword: string, report: Report, build: (block: Values, report: Report) => T | undefined): readonly T[] {
  const found = new Map<string, T>();
  for (const block of blocksOf(root, keyword)) {
    const name = nameOf(block);
    const built = build(block, report);
    if (found.has(name)) report('tracker-defined-twice', block.at, { keyword, name });
    else if (built !== undefined) found.set(name, built);
  }
  return [...found.values()];
}

/** USER [GROUP] of the keyword `user`. */
export function runAsOf(block: Values, keyword: string): RunAs | undefined {
  const [user, group] = wordsOf(block, keyword) ?? [];
  return user === undefined ? undefined : { user: user.text, ...(group === undefined ? {} : { group: group.text }) };
}

/** A time that must not be 0. */
function positive(block: Values, keyword: string, report: Report): number | undefined {
  const value = numberOf(block, keyword);
  if (value !== 0) return value;
  report('track-script-zero', placeOf(block, keyword), { name: nameOf(block), keyword });
  return SECOND_US;
}

/** An invalid `interval` or timeout keeps its default; the reader reported it. */
function buildScript(block: Values, report: Report): TrackScript | undefined {
  const name = nameOf(block);
  const script = scriptOf(block, 'script');
  if (script === undefined) {
    report('track-script-without-command', block.at, { name });
    return undefined;
  }
  const runAs = runAsOf(block, 'user');
  const weight = readDefinedWeight(block, report, {
    limit: 253,
    range: (text) => `vrrp_script ${name} weight ${text} must be in [-253, 253]`,
    option: (text) => `vrrp_script ${name} unknown weight option ${text}`,
  });
  const timeoutUs = positive(block, 'timeout', report);
  const { argv, text, runAs: onTheLine } = script;
  if (onTheLine !== undefined) report('track-script-user-on-line', placeOf(block, 'script'), { name, user: onTheLine.user });
  const withUser: Script = { argv, text, ...(runAs === undefined ? {} : { runAs }) };
  return {
    name,
    script: withUser,
    intervalUs: positive(block, 'interval', report) ?? SECOND_US,
    ...(timeoutUs === undefined ? {} : { timeoutUs }),
    weight: weight?.weight ?? 0,
    reverse: weight?.reverse ?? false,
    rise: numberOf(block, 'rise') ?? 1,
    fall: numberOf(block, 'fall') ?? 1,
    initFail: has(block, 'init_fail'),
  };
}

/** `init_file [VALUE] [overwrite]`, in any order. */
function initOf(block: Values, report: Report): TrackFile['init'] | undefined {
  const words = wordsOf(block, 'init_file');
  if (words === undefined) return undefined;
  let value = 0;
  let overwrite = false;
  for (const word of words) {
    if (word.text === 'overwrite') overwrite = true;
    else if (/^[+-]?\d+$/.test(word.text)) {
      const read = readWhole(word.text, { min: -INT_MAX - 1, max: INT_MAX });
      value = read.value ?? value;
      if (read.problem === undefined) continue;
      reportProblem(report, word.at, read.problem);
      report('track-file-init-invalid', word.at, { name: nameOf(block), word: word.text });
    } else report('track-file-init-option-unknown', word.at, { word: word.text });
  }
  return { value, overwrite };
}

function buildFile(block: Values, report: Report): TrackFile | undefined {
  const name = nameOf(block);
  const path = wordsOf(block, 'file')?.[0]?.text;
  const weight = readDefinedWeight(block, report, {
    limit: 254,
    range: (text) => `Weight (${text}) for track_file ${name} must be between [-254..254] inclusive. Ignoring...`,
    option: (text) => `track_file ${name} unknown weight option ${text}`,
  });
  if (path === undefined) {
    report('track-file-without-path', block.at, { name });
    return undefined;
  }
  const init = initOf(block, report);
  return { name, path, weight: weight?.weight ?? 1, reverse: weight?.reverse ?? false, ...(init === undefined ? {} : { init }) };
}

/** The bounds of the number of processes must not cross: the one that is written later is dropped. */
function quorumOf(block: Values, report: Report): { readonly quorum: number; readonly quorumMax?: number } {
  const quorum = lastOf(block, 'quorum');
  const max = lastOf(block, 'quorum_max');
  const [quorumMin, quorumMax] = [numberOf(block, 'quorum') ?? 1, numberOf(block, 'quorum_max')];
  if (quorumMax === undefined) return { quorum: quorumMin };
  const maxLast = quorum === undefined || (max?.at.line ?? 0) >= quorum.at.line;
  if (quorumMax === 0 && maxLast) return { quorum: 0, quorumMax: 0 };
  if (quorumMin <= quorumMax || quorum === undefined || max === undefined) return { quorum: quorumMin, quorumMax: quorumMax };
  if (maxLast) {
    report('track-process-quorum-max-low', max.at);
    return { quorum: quorumMin };
  }
  report('track-process-quorum-high', quorum.at);
  return { quorum: Math.min(1, quorumMax), quorumMax: quorumMax };
}

/** How arguments are compared; `param_match` without a word requires that there are none. */
function parameterMatch(block: Values, hasArguments: boolean, report: Report): TrackProcess['parameterMatch'] {
  const [word] = wordsOf(block, 'param_match') ?? [];
  if (word?.text === 'initial' || word?.text === 'partial') return word.text;
  if (word !== undefined) report('track-process-param-match-unknown', word.at, { word: word.text });
  return hasArguments || (word === undefined && has(block, 'param_match')) ? 'exact' : 'none';
}

function buildProcess(block: Values, report: Report): TrackProcess | undefined {
  const name = nameOf(block);
  const argv = wordsOf(block, 'process')?.map((word) => word.text);
  const weight = readDefinedWeight(block, report, {
    limit: 254,
    range: (text) => `Weight (${text}) for vrrp_track_process ${name} must be between [-254..254] inclusive. Ignoring...`,
    option: (text) => `vrrp_track_process ${name} unknown weight option ${text}`,
  });
  if (argv === undefined) {
    report('track-process-without-name', block.at, { name });
    return undefined;
  }
  const both = numberOf(block, 'delay');
  const match = parameterMatch(block, argv.length > 1, report);
  return {
    name,
    argv,
    parameterMatch: match,
    // Only the command line has arguments.
    fullCommand: match !== 'none' || has(block, 'full_command'),
    weight: weight?.weight ?? 0,
    reverse: weight?.reverse ?? false,
    ...quorumOf(block, report),
    forkDelayUs: numberOf(block, 'fork_delay') ?? both ?? 0,
    terminateDelayUs: numberOf(block, 'terminate_delay') ?? both ?? 0,
  };
}

export const buildScripts = (root: Values, report: Report): readonly TrackScript[] => buildAll(root, 'vrrp_script', report, buildScript);

export const buildFiles = (root: Values, report: Report): readonly TrackFile[] => buildAll(root, 'track_file', report, buildFile);

export const buildProcesses = (root: Values, report: Report): readonly TrackProcess[] =>
  buildAll(root, 'vrrp_track_process', report, buildProcess);
