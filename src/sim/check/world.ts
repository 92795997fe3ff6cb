// The simulated world: hosts that answer attempts, trackers, the table with its lock, the file of health, and the process. Mutable; the
// run owns it.
import type { Answered, ApplyResult, Attempt, CheckInput, Outcome } from '../../control/check/messages.js';
import type { Remembered } from '../../control/check/remembered-check.js';
import { formatAddress } from '../../model/address-text.js';
import { addressId } from '../../model/identity.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { mix } from '../random.js';
import type { Behaviour, Configuration, History, ScriptBehaviour } from './history.js';
import type { ServerView } from './machine.js';
import { serverKey } from './names.js';
import { Verdicts } from './verdicts.js';

/** What the table has of one virtual server. */
export interface Served {
  readonly server: VirtualServer;
  readonly pool: readonly RealServer[];
}

export interface RunningAttempt {
  readonly attempt: Attempt;
  readonly begunUs: number;
}

export interface World {
  readonly seed: number;
  /** The process's clock minus the history's time. */
  clockUs: number;
  alive: boolean;
  /** It was stopped, and takes its services out of the table. */
  stopping: boolean;
  keepServers: boolean;
  paused: boolean;
  frozenAtUs: number | undefined;
  timersFirst: boolean;
  /** What the file states; the process may not have read it yet. */
  configuration: Configuration;
  /** What the process was given last; by identity. */
  taken: ReadonlyMap<string, VirtualServer>;
  /** shared_checks, as it was given. */
  shared: boolean;
  /** What the checks of the process that runs must have found. */
  readonly verdicts: Verdicts;
  /** Input that waits for a paused process. */
  waiting: CheckInput[];
  /** By the history's time. */
  wakeAtUs: number | undefined;
  view: readonly ServerView[];
  readonly running: Map<number, RunningAttempt>;
  /** Attempts that have ended, and whose outcomes are reported in the next turn of the event loop. */
  gathered: Answered[];
  readonly hosts: Map<string, Behaviour>;
  readonly scripts: Map<string, ScriptBehaviour>;
  readonly files: Map<string, number | undefined>;
  readonly bfds: Map<string, boolean>;
  readonly addresses: Set<string>;
  sockets: boolean;
  lockHeld: boolean;
  readonly refusing: Set<string>;
  /** By identity: what the process asked for and was not made true yet; undefined: nothing. */
  readonly wanted: Map<string, Served | undefined>;
  readonly table: Map<string, Served>;
  /** What a process wrote down last. */
  disk: Remembered;
  /** How many attempts were made, for random choices. */
  attempts: number;
}

export const worldOf = (history: History): World => ({
  seed: history.seed,
  clockUs: history.clockUs,
  alive: false,
  stopping: false,
  keepServers: false,
  paused: false,
  frozenAtUs: undefined,
  timersFirst: false,
  configuration: history.configuration,
  taken: new Map(),
  shared: false,
  verdicts: new Verdicts(),
  waiting: [],
  wakeAtUs: undefined,
  view: [],
  running: new Map(),
  gathered: [],
  hosts: new Map(),
  scripts: new Map(),
  files: new Map(),
  bfds: new Map(),
  addresses: new Set(addressesOf(history.configuration)),
  sockets: true,
  lockHeld: false,
  refusing: new Set(),
  wanted: new Map(),
  table: new Map(),
  disk: new Map(),
  attempts: 0,
});

/** The addresses of virtual servers, by id; all of them are there at the beginning. */
function addressesOf({ servers }: Configuration): readonly string[] {
  return servers.flatMap(({ target }) =>
    target.kind === 'service' && target.key.kind === 'address' ? [addressId(target.key.address)] : [],
  );
}

/** The process's clock. */
export const localUs = (world: World, nowUs: number): number => nowUs + world.clockUs;

export interface Answer {
  readonly afterUs: number;
  readonly outcome: Outcome;
}

const ANSWER_MAX_US = 20_000;

/** What an attempt that begins now will answer, and when. */
export function answerOf(world: World, { check, target, connectTimeoutUs, intervalUs }: Attempt): Answer {
  const chance = mix(world.seed, world.attempts);
  const afterUs = 200 + (chance % ANSWER_MAX_US);
  if (!world.sockets) return { afterUs: 0, outcome: { kind: 'not-made', text: 'no descriptors are left' } };
  if (check.kind === 'misc') {
    const status = world.scripts.get(check.script.text) ?? 0;
    const limitUs = check.timeoutUs === 0 ? intervalUs : check.timeoutUs;
    if (status === 'hangs') return { afterUs: limitUs, outcome: { kind: 'failure', text: 'timed out' } };
    if (status === 'killed') return { afterUs, outcome: { kind: 'failure', text: 'failed (due to signal 9)' } };
    if (status === 0 || (check.dynamic && status >= 2)) return { afterUs, outcome: { kind: 'success', status } };
    return { afterUs, outcome: { kind: 'failure', text: `failed (exited with status ${status})`, status } };
  }
  const behaviour = world.hosts.get(formatAddress(target.address)) ?? { kind: 'answers' };
  if (behaviour.kind === 'silent') return { afterUs: connectTimeoutUs, outcome: { kind: 'failure', text: 'timeout' } };
  return {
    afterUs,
    outcome: fails(behaviour, check.kind, chance) ? { kind: 'failure', text: 'failed' } : { kind: 'success', text: 'HTTP' },
  };
}

function fails(behaviour: Behaviour, kind: Attempt['check']['kind'], chance: number): boolean {
  switch (behaviour.kind) {
    case 'flaky':
      return (chance >>> 8) % 1000 < behaviour.share * 1000;
    case 'partial':
      return behaviour.failing.includes(kind);
    default:
      return behaviour.kind === 'refuses';
  }
}

/** Makes true what the process asked for, as far as the table takes it. */
export function applyToTable(world: World): ApplyResult {
  if (world.wanted.size > 0 && world.lockHeld) return { kind: 'busy', who: 'a process' };
  const refused: string[] = [];
  for (const [key, served] of world.wanted) {
    if (served !== undefined && world.refusing.has(served.server.name)) {
      refused.push(`${served.server.name}: no room`);
      continue;
    }
    if (served === undefined) world.table.delete(key);
    else world.table.set(key, served);
    world.wanted.delete(key);
  }
  return { kind: 'done', refused };
}

/** The process asks for a virtual server in the table; without `pool`: for none. */
export function want(world: World, server: VirtualServer, pool: readonly RealServer[] | undefined): void {
  world.wanted.set(serverKey(server), pool === undefined ? undefined : { server, pool });
}

/** The view with what the file states, whatever the machine makes of the file. */
export function withFile(view: readonly ServerView[], { taken }: World): readonly ServerView[] {
  return view.map((server) => {
    const config = taken.get(serverKey(server.config));
    if (config === undefined) return server;
    const reals = server.reals.map((real, index) => {
      const own = config.realServers[index];
      if (own === undefined) return real;
      const checkers = real.checkers.map((checker, at) => ({ ...checker, config: own.checkers[at] ?? checker.config }));
      return { ...real, config: own, checkers };
    });
    return { ...server, config, reals };
  });
}
