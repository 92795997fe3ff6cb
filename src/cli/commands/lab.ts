// `weir lab`: lists labs, runs one, enters one that stands, takes one down.

import { hold } from '../../lab/connections/hold.js';
import type { Lab } from '../../lab/definition/lab.js';
import { findLab } from '../../lab/labs/find-lab.js';
import { labs } from '../../lab/labs/index.js';
import { enter } from '../../lab/run/enter.js';
import { missing } from '../../lab/run/needed-commands.js';
import { type RunResult, runLab } from '../../lab/run/run-lab.js';
import { takeDownOther } from '../../lab/run/take-down.js';
import { allRuns, conditionOf } from '../../lab/state/run-state.js';
import { actionText, planLab } from '../../lab/topology/plan.js';
import { serve } from '../../lab/topology/serve.js';
import { bestServer, type ServerKind } from '../../lab/topology/sites.js';
import { counted } from '../../model/counted.js';
import { messageOf } from '../../model/errors/message-of.js';
import { usageErrors } from '../../model/errors/usage-errors.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { hasCode } from '../../sys/errno.js';
import { isFirstUserNamespace } from '../../sys/processes/own-capabilities.js';
import { wantsHelp } from '../flags.js';

/** The part of a command's streams that labs use. */
export interface LabIo {
  out(text: string): void;
  err(text: string): void;
  flush(): void;
}

const USAGE = `usage: weir lab [--json]                             list the labs
       weir lab NAME|FILE [--keep] [--json] [--plan] [--server nginx|builtin]
       weir lab enter [--run RUN] HOST [COMMAND ...]
       weir lab down [RUN ...]
       weir lab hold ADDRESS PORT                    keep connections to a lab's chat server open, and count them
--keep leaves the lab standing, --json prints the evidence, --plan only prints how the lab is built.
`;

const SIGNAL_STATUS: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

interface LabOptions {
  keep: boolean;
  json: boolean;
  plan: boolean;
  server: ServerKind;
}

function parseOptions(args: readonly string[]): { readonly words: readonly string[]; readonly options: LabOptions } {
  const options: LabOptions = { keep: false, json: false, plan: false, server: bestServer() };
  const words: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--keep' || word === '--json' || word === '--plan') {
      options[word.slice(2) as 'keep' | 'json' | 'plan'] = true;
    } else if (word === '--server') {
      const kind = rest.shift();
      if (kind !== 'nginx' && kind !== 'builtin') {
        throw new WeirError('option-value', { option: '--server', expected: 'nginx or builtin', given: kind ?? '' });
      }
      options.server = kind;
    } else if (word.startsWith('-')) {
      throw new WeirError('option-unknown', { option: word });
    } else {
      words.push(word);
    }
  }
  return { words, options };
}

function list(json: boolean, io: LabIo): number {
  const standing = allRuns().map((state) => ({
    run: state.run,
    lab: state.lab,
    condition: conditionOf(state),
    hosts: Object.keys(state.hosts),
  }));
  if (json) {
    io.out(`${JSON.stringify({ labs: labs.map(({ name, title }) => ({ name, title })), runs: standing })}\n`);
    return 0;
  }
  const width = Math.max(...labs.map(({ name }) => name.length));
  labs.forEach(({ name, title }) => io.out(`  ${name.padEnd(width)}  ${title}\n`));
  standing.forEach(({ run, condition, hosts }) => io.out(`${run} is ${condition}: hosts ${hosts.join(', ')}\n`));
  return 0;
}

function down(names: readonly string[], io: LabIo): number {
  const runs = allRuns();
  const unknown = names.filter((name) => !runs.some(({ run }) => run === name));
  unknown.forEach((name) =>
    io.err(`weir lab: there is no run ${name}${runs.length === 0 ? '' : `; there is ${runs.map(({ run }) => run).join(', ')}`}\n`),
  );
  let status = unknown.length > 0 ? 1 : 0;
  for (const state of runs.filter(({ run }) => names.length === 0 || names.includes(run))) {
    if (conditionOf(state) === 'running') {
      if (names.length > 0) {
        io.err(`weir lab: ${state.run} is being run by process ${state.owner.pid}, which takes it down itself when it is stopped\n`);
        status = 1;
      }
      continue;
    }
    const complaints = takeDownOther(state);
    complaints.forEach((line) => io.err(`weir lab: ${line}\n`));
    io.out(`${state.run} is down\n`);
    status = complaints.length > 0 ? 1 : status;
  }
  return status;
}

function printResult({ evidence, state, complaints, kept }: RunResult, print: (line: string) => void): void {
  const { held, failed, stopped } = evidence;
  print('');
  if (stopped !== undefined) print(`${evidence.run}: ${stopped}`);
  print(
    failed > 0
      ? `${failed} of ${counted(held + failed, 'expectation')} FAILED`
      : `${held === 1 ? 'the 1 expectation holds' : `all ${held} expectations hold`}${stopped === undefined ? '' : ' as far as it went'}`,
  );
  if (kept) {
    const [host = 'HOST'] = state.directors.length > 0 ? state.directors : Object.keys(state.hosts);
    print(`${state.run} is left standing: 'weir lab enter ${host}' opens a shell there, 'weir lab down ${state.run}' takes it down`);
  }
  complaints.forEach((line) => print(`while taking it down: ${line}`));
}

async function run(lab: Lab, options: LabOptions, io: LabIo): Promise<number> {
  const lines = options.json ? io.err.bind(io) : io.out.bind(io);
  const print = (line: string): void => {
    lines(`${line}\n`);
    io.flush();
  };
  if (process.getuid?.() !== 0) {
    io.err('weir lab: building network namespaces needs root: use sudo\n');
    return 1;
  }
  if (!isFirstUserNamespace()) {
    io.err('weir lab: the kernel loads no BPF programs in a user namespace, whatever root may do there: run it as root of the machine\n');
    return 1;
  }
  const lack = missing(lab);
  if (lack !== undefined) {
    io.err(`weir lab: ${lack}\n`);
    return 1;
  }
  const result = await runLab(lab, { keep: options.keep, server: options.server, print });
  printResult(result, print);
  if (options.json) io.out(`${JSON.stringify(result.evidence, undefined, 1)}\n`);
  io.flush();
  if (result.signal !== undefined) return SIGNAL_STATUS[result.signal] ?? 1;
  return result.evidence.ok && result.complaints.length === 0 ? 0 : 1;
}

async function enterCommand(args: readonly string[]): Promise<number> {
  const [option, name] = args;
  const [host, ...command] = option === '--run' ? args.slice(2) : args;
  if (host === undefined || host.startsWith('-') || (option === '--run' && name === undefined)) {
    throw new WeirError('argument-missing', { expected: 'the host' });
  }
  return enter(host, command, option === '--run' ? name : undefined);
}

function holdCommand([address, port = '']: readonly string[]): Promise<never> {
  if (address === undefined || !/^\d{1,5}$/.test(port))
    throw new WeirError('argument-missing', { expected: 'the address and the port of a chat server' });
  return hold(address, Number(port));
}

async function command(args: readonly string[], io: LabIo): Promise<number> {
  // Behind a host's name begins a command of its own.
  if (args[0] === 'help' || wantsHelp(args[0] === 'enter' ? args.slice(1, 2) : args)) {
    io.out(USAGE);
    return 0;
  }
  if (args[0] === 'enter') return enterCommand(args.slice(1));
  if (args[0] === 'serve') return serve(args[1] ?? '');
  if (args[0] === 'hold') return holdCommand(args.slice(1));
  const { words, options } = parseOptions(args);
  const [word] = words;
  if (word === 'down') return down(words.slice(1), io);
  if (words.length > 1) throw new WeirError('lab-many');
  if (word === undefined) return list(options.json, io);
  const lab = findLab(word);
  if (options.plan) {
    planLab(lab, lab.name).forEach((action) => io.out(`${actionText(action)}\n`));
    return 0;
  }
  return run(lab, options, io);
}

/** `weir lab …`: 0 when all expectations hold, 1 when not, 2 for a wrong command line or lab file, 128 + n when signal n stopped it. */
async function main(args: readonly string[], io: LabIo): Promise<number> {
  try {
    return await command(args, io);
  } catch (error) {
    if (isWeirError(error)) {
      const lines = isWeirError(error, 'lab-invalid') ? error.details.lines : [error.message];
      lines.forEach((line) => io.err(`weir lab: ${line}\n`));
      if (Object.hasOwn(usageErrors, error.code)) io.err(USAGE);
      return error.exitStatus;
    }
    const hint = hasCode(error, 'EPERM', 'EACCES') ? ': use sudo' : '';
    io.err(`weir lab: ${messageOf(error)}${hint}\n`);
    return 1;
  }
}

export { main as run };
