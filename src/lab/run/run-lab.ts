// Runs a lab: builds it, runs its steps, collects the evidence, and takes it down in every case.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../model/errors/message-of.js';
import type { Lab, LabSite } from '../definition/lab.js';
import { hostInterfacesOf } from '../definition/names.js';
import type { Evidence, StepEvidence } from '../judge/evidence.js';
import { CURLRC, findCommand } from '../state/paths.js';
import { beginRun, keepRun, type RunState } from '../state/run-state.js';
import { build } from '../topology/build.js';
import { planLab } from '../topology/plan.js';
import { type Served, type ServerKind, servedBy } from '../topology/sites.js';
import { type Capture, startCapture } from '../traffic/capture.js';
import { sumTraffic } from '../traffic/traffic.js';
import { runOnHost, writeFiles } from './hosts.js';
import { runSteps } from './run-steps.js';
import { takeDown, takeDownAbandoned } from './take-down.js';

export interface RunOptions {
  /** Leave it standing after the steps. */
  readonly keep: boolean;
  readonly server: ServerKind;
  /** Prints a line for a person. */
  readonly print: (line: string) => void;
}

export interface RunResult {
  readonly evidence: Evidence;
  readonly state: RunState;
  /** The signal that ended it early. */
  readonly signal?: NodeJS.Signals;
  /** Left standing, as asked. */
  readonly kept: boolean;
  /** What could not be taken down. */
  readonly complaints: readonly string[];
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Turns signals into an abort while `work` runs, its cleanup included. */
async function interruptible<T>(work: (abort: AbortSignal, caught: () => NodeJS.Signals | undefined) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let first: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    first ??= signal;
    controller.abort(new Error(`stopped by ${first}`));
  };
  SIGNALS.forEach((signal) => process.on(signal, listener));
  try {
    return await work(controller.signal, () => first);
  } finally {
    SIGNALS.forEach((signal) => process.off(signal, listener));
  }
}

function serversText(server: ServerKind, sites: readonly LabSite[]): readonly string[] {
  const ports = (...protocols: readonly LabSite['protocol'][]): string =>
    sites
      .filter(({ protocol }) => protocols.includes(protocol))
      .map(({ port, protocol }) => (protocols.length > 1 ? `${port} (${protocol})` : `${port}`))
      .join(', ');
  const texts: readonly (readonly [string, string])[] = [
    [server, ports(undefined)],
    ['mail', ports('smtp', 'pop3', 'imap')],
    ['FTP', ports('ftp')],
    ['chats', ports('chat')],
  ];
  return texts.flatMap(([what, where]) => (where === '' ? [] : [`${what} on port ${where}`]));
}

function describeHosts(lab: Lab, server: ServerKind, print: RunOptions['print']): void {
  const width = Math.max(...Object.keys(lab.hosts).map((name) => name.length));
  for (const [name, host] of Object.entries(lab.hosts)) {
    const interfaces = Object.entries(host.interfaces).map(([interfaceName, iface]) =>
      [interfaceName, ...(iface.addresses ?? []), 'on', iface.switch].join(' '),
    );
    print(
      [
        `  ${name.padEnd(width)}  ${interfaces.join(', ')}`,
        ...(host.gateway === undefined ? [] : [`gateway ${host.gateway}`]),
        ...serversText(server, host.sites ?? []),
      ].join('; '),
    );
  }
}

async function finalTables(state: RunState): Promise<Readonly<Record<string, string>>> {
  const tables: Record<string, string> = {};
  for (const host of state.directors) {
    const { exit, stdout, stderr } = await runOnHost(state, host, 'ipvsadm -Ln', 10_000, new AbortController().signal);
    tables[host] = exit === 0 ? stdout : stderr;
  }
  return tables;
}

function servedByAll(lab: Lab, state: RunState): Readonly<Record<string, Served>> {
  return Object.fromEntries(
    Object.entries(lab.hosts)
      .filter(([, { sites }]) => (sites ?? []).length > 0)
      .map(([host]) => [host, servedBy(state.folder, host)]),
  );
}

const wantsCapture = (lab: Lab): boolean => lab.capture !== false && findCommand('tcpdump') !== undefined;

/** Builds, runs and collects. Does not throw: an error is in `stopped`. */
async function perform(lab: Lab, state: RunState, options: RunOptions, abort: AbortSignal): Promise<Evidence> {
  const steps: StepEvidence[] = [];
  let capture: Capture | undefined;
  let stopped: string | undefined;
  let rest: Pick<Evidence, 'served' | 'tables' | 'captures'> = { served: {}, tables: {} };
  try {
    writeFileSync(join(state.folder, '.curlrc'), CURLRC);
    writeFiles(lab, state);
    await build(planLab(lab, state.run), state, options.server, abort);
    capture = wantsCapture(lab) ? await startCapture(state, hostInterfacesOf(lab)) : undefined;
    await runSteps({ lab, state, capture, abort, print: options.print }, (step) => steps.push(step));
    const packets = await capture?.packets();
    rest = {
      served: servedByAll(lab, state),
      tables: await finalTables(state),
      ...(packets === undefined ? {} : { captures: sumTraffic(packets) }),
    };
  } catch (error) {
    const reason: unknown = abort.aborted ? abort.reason : error;
    stopped = messageOf(reason);
  }
  await capture?.stop();
  const verdicts = steps.flatMap((step) => step.verdicts);
  const failed = verdicts.filter(({ ok }) => !ok).length;
  return {
    lab: lab.name,
    run: state.run,
    title: lab.title,
    ok: failed === 0 && stopped === undefined,
    held: verdicts.length - failed,
    failed,
    ...(stopped === undefined ? {} : { stopped }),
    steps,
    ...rest,
  };
}

/** Runs a validated lab. @throws only before anything was made */
export function runLab(lab: Lab, options: RunOptions): Promise<RunResult> {
  return interruptible(async (abort, caught) => {
    for (const run of takeDownAbandoned()) options.print(`took down what was left of ${run}`);
    const state = beginRun(lab);
    let standing = true;
    // Takes the run down if the process ends early (a closed terminal, a bug).
    const onExit = (): void => {
      if (standing) takeDown(state);
    };
    process.on('exit', onExit);
    options.print(`${lab.name}: ${lab.title}`);
    options.print(`building it in network namespaces weir-${state.run}-*`);
    describeHosts(lab, options.server, options.print);
    const evidence = await perform(lab, state, options, abort);
    const keep = options.keep && caught() === undefined && evidence.stopped === undefined;
    const complaints = keep ? [] : takeDown(state);
    if (keep) keepRun(state);
    standing = false;
    process.off('exit', onExit);
    const signal = caught();
    return { evidence, state, complaints, kept: keep, ...(signal === undefined ? {} : { signal }) };
  });
}
