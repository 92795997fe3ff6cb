// Reports of trackers and of the socket's filter, and which instances they concern.
import type { TrackedSet } from '../../../model/keepalived/trackers.js';
import type { LostStatic, ScriptOutcome } from '../messages.js';
import type { Counters, TrackerResults } from '../state.js';
import { count, instanceAt, say, type Work } from '../step-context.js';
import { hasQuorum } from './health.js';
import { scriptStep } from './script-state.js';
import { settle, settleAll } from './settle.js';

export function scriptReported(work: Work, name: string, outcome: ScriptOutcome): void {
  const script = work.machine.configuration?.scripts.find((one) => one.name === name);
  if (script === undefined) return;
  const { state, lines } = scriptStep(script, work.machine.trackers.scripts.get(name), outcome);
  for (const line of lines) say(work, line);
  keep(work, 'scripts', name, state);
  settleTracking(work, 'scripts', name);
}

export function fileReported(work: Work, name: string, value: number | undefined): void {
  keep(work, 'files', name, value ?? 0);
  settleTracking(work, 'files', name);
}

export function processReported(work: Work, name: string, running: number): void {
  const watched = work.machine.configuration?.processes.find((one) => one.name === name);
  if (watched === undefined) return;
  const before = work.machine.trackers.processes.get(name);
  const met = hasQuorum(watched, running);
  if (before !== undefined && hasQuorum(watched, before) !== met)
    say(work, `Quorum ${met ? 'gained' : 'lost'} for tracked process ${name}`);
  keep(work, 'processes', name, running);
  settleTracking(work, 'processes', name);
}

/** What is no news changes nothing: a reload tells all sessions as they are. */
export function bfdReported(work: Work, name: string, up: boolean): void {
  if (work.machine.trackers.bfds.get(name) === up || !work.machine.configuration?.bfds.some((one) => one.name === name)) return;
  keep(work, 'bfds', name, up);
  for (const { config, group } of work.instances) {
    if (![config.track, work.groups[group]?.config.track].some((set) => set?.bfds.some((one) => one.name === name))) continue;
    say(work, `VRRP_Instance(${config.name}) Tracked BFD instance ${name} is ${up ? 'UP' : 'DOWN'}`);
  }
  settleTracking(work, 'bfds', name);
}

/** What is new among them is said. Instances of their groups cannot be fit without. */
export function staticsReported(work: Work, missing: readonly LostStatic[]): void {
  const before = new Set(work.machine.lostStatics.map(({ text }) => text));
  const now = new Set(missing.map(({ text }) => text));
  for (const { group, text } of missing) if (!before.has(text)) say(work, `Static ${text} of track_group ${group} is missing`);
  for (const { group, text } of work.machine.lostStatics)
    if (!now.has(text)) say(work, `Static ${text} of track_group ${group} is there again`);
  work.machine = { ...work.machine, lostStatics: missing };
  settleAll(work);
}

function keep<K extends keyof TrackerResults>(work: Work, kind: K, name: string, value: unknown): void {
  const { trackers } = work.machine;
  work.machine = { ...work.machine, trackers: { ...trackers, [kind]: new Map<string, unknown>(trackers[kind]).set(name, value) } };
}

function settleTracking(work: Work, kind: keyof TrackedSet, name: string): void {
  const named = (set: TrackedSet | undefined) => set?.[kind].some((tracked) => tracked.name === name) === true;
  for (let index = 0; index < work.instances.length; index++) {
    const { config, group } = instanceAt(work, index);
    if (named(config.track) || named(work.groups[group]?.config.track)) settle(work, index);
  }
}

const filterCounters: Readonly<Record<string, keyof Counters>> = {
  length: 'lengthErrors',
  ttl: 'ttlErrors',
  version: 'versionErrors',
  type: 'typeErrors',
  auth: 'authFailures',
  checksum: 'checksumErrors',
  digest: 'authFailures',
  replay: 'replays',
  claim: 'conflicts',
};

const hmacFilterCounters: typeof filterCounters = { ...filterCounters, auth: 'hmacMissing', digest: 'hmacInvalid', replay: 'hmacReplays' };

/** What never reached the machine is counted all the same. */
export function filteredReported(work: Work, name: string, counts: Readonly<Record<string, number>>): void {
  const index = work.machine.indexOfName.get(name);
  if (index === undefined) return;
  const counters = instanceAt(work, index).config.authentication.kind === 'hmac' ? hmacFilterCounters : filterCounters;
  for (const [reason, by] of Object.entries(counts)) {
    const counter = counters[reason];
    if (counter !== undefined) count(work, index, counter, by);
    count(work, index, 'filtered', by);
  }
}
