// Start and reload. What stays in the file keeps its health; what comes starts as at a start; what goes is taken out of the table.
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { log } from '../machine.js';
import { itemsOf } from '../timed-list.js';
import { abandon } from './attempts.js';
import { type Before, before, carryCheckers } from './carry.js';
import { type CheckContext, changeServer, checkerAt, checkersNow, checkersOf, replaceCheckers, serverAt } from './context.js';
import { checkerIdentity, realIdentity, realOfServerIdentity, serverIdentity } from './identity.js';
import { isAttempted } from './kinds/index.js';
import { takeMaintenance } from './maintenance.js';
import type { CheckInput } from './messages.js';
import { realName } from './names.js';
import { notifyReal } from './notify.js';
import { weightOf } from './pool.js';
import { settleQuorum } from './quorum.js';
import { setAlive } from './real-server.js';
import { rememberedDownUs, rememberedKey, rememberedTimesDown } from './remembered.js';
import { removeReal, removeServer } from './remove.js';
import { shareChecks } from './share-checks.js';
import { carriedSlowStart, findSlowStarts, rememberedSlowStart } from './slow-start.js';
import type { CheckerState, RealState, ServerState } from './state.js';
import { isSuspended } from './suspend.js';
import { forgetPauses } from './table.js';
import { settleBfd, settleFile } from './tracked.js';

type Configure = Extract<CheckInput, { kind: 'configure' }>;

export function configure(context: CheckContext, input: Configure): void {
  const { settings, chance, hostName } = input;
  context.machine = {
    ...context.machine,
    settings,
    ...(chance === undefined ? {} : { chance }),
    ...(hostName === undefined ? {} : { hostName }),
  };
  forgetPauses(context);
  const weights = presentWeights(context);
  const old = before(context);
  removeGone(context, input.servers);
  const running = itemsOf(checkersNow(context));
  replaceServers(context, input, old);
  const kept = new Set(itemsOf(checkersNow(context)).map(({ attempt }) => attempt));
  abandon(
    context,
    running.filter(({ attempt }) => !kept.has(attempt)),
  );
  for (const index of context.servers.keys()) settle(context, index, old, weights);
  takeMaintenance(context, input.maintained ?? context.machine.maintained);
  for (const index of context.servers.keys()) logCheckers(context, index);
}

/** By the identities of both servers, to log what a reload changes. */
function presentWeights(context: CheckContext): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const [server, { config, reals }] of context.servers.entries()) {
    for (const [real, state] of reals.entries()) weights.set(realOfServerIdentity(config, state.config), weightOf(context, server, real));
  }
  return weights;
}

function removeGone(context: CheckContext, wanted: readonly VirtualServer[]): void {
  const stay = new Map(wanted.map((server) => [serverIdentity(server), server]));
  for (const [index, { config, reals }] of context.servers.entries()) {
    const next = stay.get(serverIdentity(config));
    if (next === undefined) {
      log(
        context,
        config.target.kind === 'group'
          ? `Removing Virtual Server Group [${config.target.group}]`
          : `Removing Virtual Server ${config.name}`,
      );
      removeServer(context, index, false);
      continue;
    }
    const keep = new Set(next.realServers.map(realIdentity));
    for (const [real, state] of reals.entries()) {
      if (keep.has(realIdentity(state.config))) continue;
      log(context, `service ${realName(state.config, config)} no longer exist`);
      removeReal(context, index, real, false);
    }
    logSorryGone(context, index, next);
  }
}

/** A sorry server that is in the table and not in the file any more. */
function logSorryGone(context: CheckContext, server: number, { sorryServer: wanted }: VirtualServer): void {
  const { config, sorry } = serverAt(context, server);
  const { sorryServer, sorryInhibit } = config;
  if (sorryServer === undefined || !(sorry || sorryInhibit)) return;
  if (wanted !== undefined && realIdentity(wanted) === realIdentity(sorryServer)) return;
  log(context, `Removing sorry server ${realName(sorryServer, config)} from VS ${config.name}`);
}

/** Puts the servers of the file in place of those before. A virtual server that stands twice counts once. */
function replaceServers(context: CheckContext, { servers, remembered }: Configure, old: Before): void {
  const checkers: CheckerState[] = [];
  const taken = new Set<string>();
  const next: ServerState[] = [];
  const atStart = old.servers.size === 0;
  for (const config of servers) {
    const serverKey = serverIdentity(config);
    if (taken.has(serverKey)) continue;
    taken.add(serverKey);
    const was = old.servers.get(serverKey);
    const reals = config.realServers.map((settings, real): RealState => {
      const realKey = realIdentity(settings);
      const known = old.real(serverKey, realKey);
      const own = carryCheckers(context, settings, { server: next.length, real, serverKey, realKey, atStart }, known, remembered);
      const keys = settings.checkers.map((checker) => rememberedKey(serverKey, realKey, checkerIdentity(checker)));
      const firstChecker = checkers.length;
      checkers.push(...own);
      const { alive, failed, timesDown, downUs, downSinceUs } = known?.state ?? {
        ...{ alive: true, failed: false, downSinceUs: undefined },
        timesDown: rememberedTimesDown(keys, remembered),
        downUs: rememberedDownUs(keys, remembered),
      };
      const slow =
        known === undefined ? rememberedSlowStart(context, settings, keys, remembered) : carriedSlowStart(context, settings, known.state);
      const maintained = known?.state.maintained === true;
      return { config: settings, alive, failed, timesDown, downUs, downSinceUs, maintained, slow, firstChecker, checkerCount: own.length };
    });
    const sorry = was?.sorry === true && config.sorryServer !== undefined;
    next.push({ config, reals, quorumUp: was?.quorumUp ?? false, sorry, suspended: false });
  }
  const sharing = context.machine.settings.sharedChecks ? shareChecks(checkers, next, old) : { checkers, sharers: new Map() };
  replaceCheckers(context, sharing.checkers);
  context.machine = { ...context.machine, sharers: sharing.sharers };
  // Some may have taken over a verdict.
  if (sharing.sharers.size > 0) context.effects.push({ kind: 'remember' });
  context.servers = next.map((server) => ({
    ...server,
    reals: server.reals.map((real) => withHealth(server, real, sharing.checkers, old)),
  }));
  findSlowStarts(context);
}

/** A server that was not there before is what its checks are, also where they take over what others found. */
function withHealth({ config }: ServerState, real: RealState, checkers: readonly CheckerState[], old: Before): RealState {
  if (old.real(serverIdentity(config), realIdentity(real.config)) !== undefined) return real;
  const own = checkers.slice(real.firstChecker, real.firstChecker + real.checkerCount);
  const alive = own.every(({ up }) => up);
  const failed = own.filter(({ ran, up }) => ran && !up);
  // Also before this process; of what begins as down until it has run nothing is counted.
  const times = failed.flatMap(({ sinceUs }) => sinceUs ?? []);
  const downSinceUs = times.length === 0 ? undefined : Math.min(...times);
  return { ...real, alive, failed: failed.length > 0, downSinceUs, slow: alive ? real.slow : undefined };
}

function settle(context: CheckContext, server: number, old: Before, weights: ReadonlyMap<string, number>): void {
  const { config, reals } = serverAt(context, server);
  changeServer(context, server, { suspended: isSuspended(context, server) });
  context.changed.add(server);
  for (const real of reals.keys()) settleReal(context, server, real, old, weights);
  settleQuorum(context, server, old.servers.has(serverIdentity(config)) ? 'reload' : 'start');
}

function settleReal(context: CheckContext, server: number, real: number, old: Before, weights: ReadonlyMap<string, number>): void {
  const { config, reals } = serverAt(context, server);
  const state = reals[real];
  if (state === undefined) return;
  const name = realName(state.config, config);
  const known = old.real(serverIdentity(config), realIdentity(state.config)) !== undefined;
  for (const index of checkersOf(context, server, real)) {
    const { kind } = checkerAt(context, index).config.check;
    if (kind === 'file') settleFile(context, index);
    if (kind === 'bfd') settleBfd(context, index);
  }
  const up = checkersOf(context, server, real).every((index) => checkerAt(context, index).up);
  setAlive(context, server, real, up);
  const before = weights.get(realOfServerIdentity(config, state.config));
  const after = weightOf(context, server, real);
  if (before !== undefined && before !== after) {
    log(context, `Changing weight from ${before} to ${after} for ${up ? '' : 'in'}active service ${name} of VS ${config.name}`);
  }
  if (!known && up && context.machine.settings.rsInitNotifies) notifyReal(context, server, real);
}

/** One line a checker that makes attempts, when all servers are in their place. */
function logCheckers(context: CheckContext, server: number): void {
  const { config, reals, suspended } = serverAt(context, server);
  for (const [real, { config: settings, maintained }] of reals.entries()) {
    const what = `healthchecker for service ${realName(settings, config)} for VS ${config.name}`;
    for (const index of checkersOf(context, server, real)) {
      if (isAttempted(checkerAt(context, index).config.check.kind))
        log(context, `${suspended || maintained ? 'Deactivating' : 'Activating'} ${what}`);
    }
  }
}
