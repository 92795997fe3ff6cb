// Health and table: each check has the verdict that its attempts give it, each server is alive while all its checks are up, and the table
// has just the servers and weights that follow from that. Whatever is healthy serves, or the sorry server does.
import type { RealServer, VirtualServer } from '../../../model/keepalived/virtual-server.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { RealView, ServerView } from '../machine.js';
import { checkerKeys, hostOf, poolText, realText, serverKey } from '../names.js';
import type { Observation } from '../observation.js';
import type { Verdicts } from '../verdicts.js';
import type { World } from '../world.js';

/** What a server in its slow start serves with. */
function slowly(weight: number, slow: RealView['slow']): number {
  if (slow === undefined || weight === 0) return weight;
  return Math.max(1, Math.floor((weight * slow.step) / slow.of));
}

/** The destinations that a virtual server must have. */
function expectedPool({ config, sorry, reals: views }: ServerView, verdicts: Verdicts): readonly RealServer[] {
  const reals = config.realServers.flatMap((real, index) => {
    const serves = verdicts.isUp(config, real) && !sorry;
    const weight = serves ? slowly(verdicts.weightOf(config, real), views[index]?.slow) : 0;
    return serves || real.inhibitOnFailure ? [{ ...real, weight }] : [];
  });
  const { sorryServer, sorryInhibit } = config;
  const extra = sorryServer !== undefined && (sorry || sorryInhibit) ? [{ ...sorryServer, weight: sorry ? sorryServer.weight : 0 }] : [];
  return [...reals, ...extra];
}

/** Each virtual server and each real server of the file, in its order. */
function wrongServers(view: readonly ServerView[], { taken }: World): string | undefined {
  const texts = (
    servers: readonly { readonly config: VirtualServer; readonly reals: readonly { readonly config: RealServer }[] }[],
  ): string => servers.map(({ config, reals }) => [serverKey(config), ...reals.map((real) => hostOf(real.config))].join(' ')).join('; ');
  const wanted = texts([...taken.values()].map((config) => ({ config, reals: config.realServers.map((real) => ({ config: real })) })));
  return texts(view) === wanted ? undefined : `has the servers ${texts(view)} and should have ${wanted}`;
}

function wrongVerdict(view: readonly ServerView[], verdicts: Verdicts): string | undefined {
  for (const { config, reals } of view) {
    for (const real of reals) {
      const keys = checkerKeys(config, real.config);
      for (const [index, checker] of real.checkers.entries()) {
        const expected = verdicts.checks.get(keys[index]!);
        if (expected === undefined) return `${realText(config, real.config)} has a check that the file has not`;
        if (checker.up !== expected.up)
          return `${checker.config.check.kind} of ${realText(config, real.config)} is ${checker.up ? 'up' : 'down'} and should not be`;
      }
      const up = verdicts.isUp(config, real.config);
      if (real.alive !== up)
        return `${realText(config, real.config)} is ${up ? 'dead although all its checks are up' : 'alive with a check down'}`;
    }
  }
  return undefined;
}

function wrongTable({ effects }: Observation, world: World, verdicts: Verdicts): string | undefined {
  for (const server of world.view) {
    const key = serverKey(server.config);
    if (world.wanted.has(key)) {
      const held = world.lockHeld || world.refusing.has(server.config.name);
      if (!held && effects.some(({ kind }) => kind === 'apply')) return `${server.config.name} waits for the table, which would take it`;
      continue;
    }
    const served = world.table.get(key);
    if (served === undefined) return `${server.config.name} is not in the table`;
    for (const { weight } of served.pool) if (weight < 0 || weight > 65_535) return `${server.config.name} has a weight of ${weight}`;
    const [wanted, has] = [poolText(expectedPool(server, verdicts)), poolText(served.pool)];
    if (wanted !== has) return `${server.config.name} has ${has || 'nothing'} in the table and should have ${wanted || 'nothing'}`;
    const healthy = server.config.realServers.filter(
      (real) => verdicts.isUp(server.config, real) && verdicts.weightOf(server.config, real) > 0,
    );
    if (healthy.length > 0 && !served.pool.some(({ weight }) => weight > 0) && !(server.sorry && server.config.sorryServer?.weight === 0))
      return `nothing serves ${server.config.name}, although ${healthy.map(hostOf).join(' ')} could`;
  }
  return undefined;
}

/** What a reload or a stop took out of the file is not in the table. */
function leftOver({ input, before }: Observation, world: World): string | undefined {
  const gone = before.filter(({ config }) => !world.view.some((one) => serverKey(one.config) === serverKey(config)));
  for (const { config } of gone) {
    const key = serverKey(config);
    if (input.kind === 'stop' && input.keepServers) {
      if (!world.table.has(key) && !world.wanted.has(key)) return `${config.name} should stay in the table after the stop`;
    } else if (world.table.has(key) && !(world.wanted.has(key) && world.lockHeld)) return `${config.name} stays in the table`;
  }
  return undefined;
}

/** URLs are asked in turn; one that failed is asked until it is well. */
function wrongUrl({ effects, after }: Observation, { verdicts }: World): string | undefined {
  const urls = new Map(
    effects.flatMap((effect) => (effect.kind === 'attempt' ? [[effect.attempt.number, effect.attempt.url] as const] : [])),
  );
  if (urls.size === 0) return undefined;
  for (const { config, reals } of after) {
    for (const real of reals) {
      const keys = checkerKeys(config, real.config);
      for (const [index, { attempt }] of real.checkers.entries()) {
        const [asked, expected] = [urls.get(attempt), verdicts.checks.get(keys[index]!)?.url];
        if (asked !== undefined && asked !== expected) return `${realText(config, real.config)} is asked for URL ${asked}, not ${expected}`;
      }
    }
  }
  return undefined;
}

export const health: MakeInvariant = (world): Invariant => ({
  stepped: (observation) => {
    const { input, before, after, effects } = observation;
    const { verdicts } = world;
    const outOfTurn = wrongUrl(observation, world);
    if (outOfTurn !== undefined) return outOfTurn;
    const remembered = input.kind === 'configure' ? input.remembered : undefined;
    if (remembered === undefined && !effects.some(({ kind }) => kind === 'remember') && changed(before, after) && input.kind !== 'stop')
      return 'a verdict changed, and is not written down';
    return (
      wrongServers(after, world) ??
      wrongVerdict(after, verdicts) ??
      leftOver(observation, world) ??
      wrongTable(observation, world, verdicts)
    );
  },
});

/** A check that is in both has another verdict. */
function changed(before: readonly ServerView[], after: readonly ServerView[]): boolean {
  const ups = (view: readonly ServerView[]): ReadonlyMap<string, boolean> =>
    new Map(
      view.flatMap(({ config, reals }) =>
        reals.flatMap((real) => {
          const keys = checkerKeys(config, real.config);
          return real.checkers.map(({ up }, index) => [keys[index]!, up] as const);
        }),
      ),
    );
  const [old, now] = [ups(before), ups(after)];
  return [...now].some(([key, up]) => old.has(key) && old.get(key) !== up);
}
