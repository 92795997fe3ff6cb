// Reports of trackers and of the socket filter, and the instances that they concern.
import type { TrackedSet } from '../../../model/keepalived/trackers.js';
import { log } from '../../machine.js';
import { count, instanceAt, type VrrpContext } from '../context.js';
import type { LostStatic, ScriptOutcome } from '../messages.js';
import type { Counters } from '../state/counters.js';
import type { TrackerResults } from '../state/vrrp-machine.js';
import { hasQuorum } from './health.js';
import { scriptStep } from './script-step.js';
import { settle, settleAll } from './settle.js';

export function handleScript(context: VrrpContext, name: string, outcome: ScriptOutcome): void {
  const script = context.machine.configuration?.scripts.find((one) => one.name === name);
  if (script === undefined) return;
  const { state, lines } = scriptStep(script, context.machine.trackers.scripts.get(name), outcome);
  for (const line of lines) log(context, line);
  store(context, 'scripts', name, state);
  settleTracking(context, 'scripts', name);
}

export function handleFile(context: VrrpContext, name: string, value: number | undefined): void {
  store(context, 'files', name, value ?? 0);
  settleTracking(context, 'files', name);
}

export function handleProcess(context: VrrpContext, name: string, running: number): void {
  const configured = context.machine.configuration?.processes.find((one) => one.name === name);
  if (configured === undefined) return;
  const before = context.machine.trackers.processes.get(name);
  const met = hasQuorum(configured, running);
  if (before !== undefined && hasQuorum(configured, before) !== met)
    log(context, `Quorum ${met ? 'gained' : 'lost'} for tracked process ${name}`);
  store(context, 'processes', name, running);
  settleTracking(context, 'processes', name);
}

/** Ignores a state that is already known: a reload reports all sessions. */
export function handleBfd(context: VrrpContext, name: string, up: boolean): void {
  if (context.machine.trackers.bfds.get(name) === up || !context.machine.configuration?.bfds.some((one) => one.name === name)) return;
  store(context, 'bfds', name, up);
  for (const { config, group } of context.instances) {
    if (![config.track, context.groups[group]?.config.track].some((set) => set?.bfds.some((one) => one.name === name))) continue;
    log(context, `VRRP_Instance(${config.name}) Tracked BFD instance ${name} is ${up ? 'UP' : 'DOWN'}`);
  }
  settleTracking(context, 'bfds', name);
}

/** Logs changes. While an object is missing, the instances of its group are in FAULT. */
export function handleStatics(context: VrrpContext, missing: readonly LostStatic[]): void {
  const before = new Set(context.machine.lostStatics.map(({ text }) => text));
  const now = new Set(missing.map(({ text }) => text));
  for (const { group, text } of missing) if (!before.has(text)) log(context, `Static ${text} of track_group ${group} is missing`);
  for (const { group, text } of context.machine.lostStatics)
    if (!now.has(text)) log(context, `Static ${text} of track_group ${group} is there again`);
  context.machine = { ...context.machine, lostStatics: missing };
  settleAll(context);
}

function store<K extends keyof TrackerResults>(context: VrrpContext, kind: K, name: string, value: unknown): void {
  const { trackers } = context.machine;
  context.machine = { ...context.machine, trackers: { ...trackers, [kind]: new Map<string, unknown>(trackers[kind]).set(name, value) } };
}

function settleTracking(context: VrrpContext, kind: keyof TrackedSet, name: string): void {
  const named = (set: TrackedSet | undefined) => set?.[kind].some((tracked) => tracked.name === name) === true;
  for (let index = 0; index < context.instances.length; index++) {
    const { config, group } = instanceAt(context, index);
    if (named(config.track) || named(context.groups[group]?.config.track)) settle(context, index);
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

/** Counts packets that the filter dropped before they reached the machine. */
export function handleFiltered(context: VrrpContext, name: string, counts: Readonly<Record<string, number>>): void {
  const index = context.machine.indexOfName.get(name);
  if (index === undefined) return;
  const counters = instanceAt(context, index).config.authentication.kind === 'hmac' ? hmacFilterCounters : filterCounters;
  for (const [reason, by] of Object.entries(counts)) {
    const counter = counters[reason];
    if (counter !== undefined) count(context, index, counter, by);
    count(context, index, 'filtered', by);
  }
}
