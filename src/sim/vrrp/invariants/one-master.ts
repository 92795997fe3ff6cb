// Of two masters that receive each other's adverts, one yields within two adverts, whatever happens to the rest of the world.

import { CALM } from '../history.js';
import { type MakeInvariant, sameStates, stateOf } from '../invariant.js';
import type { World } from '../world.js';
import { longestIntervals, slackUs } from './bounds.js';
import { routerOf } from './node-advert.js';
import { advertsPass, differ, reaches } from './paths.js';

/** AH counts from 1 when an instance starts again, as in keepalived: its adverts are refused until its numbers are higher. */
const isCounted = (world: World, a: number, name: string): boolean =>
  world.nodes[a]!.configuration.instances.some((instance) => instance.name === name && instance.authentication.kind === 'ah');

/** Equal priorities are decided by adverts only, which compare addresses. */
const canReceive = (world: World, a: number, b: number, name: string): boolean =>
  !isCounted(world, a, name) &&
  reaches(world, a, b, name) &&
  reaches(world, b, a, name) &&
  (differ(world, a, b, name) || advertsPass(world, a, b));

export const oneMaster: MakeInvariant = (world, history) => {
  const longest = longestIntervals(history);
  /** By pair and instance: since when both are masters that receive each other's adverts. */
  const since = new Map<string, number>();
  let disturbed = false;
  const note = (nowUs: number): undefined => {
    for (let a = 0; a < world.nodes.length; a++)
      for (let b = a + 1; b < world.nodes.length; b++)
        for (const name of longest.keys()) {
          const key = `${a} ${b} ${name}`;
          const both =
            [a, b].every((node) => stateOf(world.nodes[node]!.view, name) === 'master') &&
            canReceive(world, a, b, name) &&
            routerOf(world.nodes[a]!, name) === routerOf(world.nodes[b]!, name);
          if (!both) since.delete(key);
          else if (!since.has(key)) since.set(key, nowUs);
        }
    return undefined;
  };
  const look = (nowUs: number): string | undefined => {
    for (const [key, sinceUs] of since) {
      const [a, b, name] = key.split(' ') as [string, string, string];
      if (nowUs - sinceUs <= 2 * (longest.get(name) ?? 0) + 2 * CALM.maxUs + 2 * slackUs(history)) continue;
      const [one, other] = [a, b].map((node) => world.nodes[Number(node)]?.setup.name);
      return `${one} and ${other} are both masters of ${name} for ${nowUs - sinceUs} us and receive from each other`;
    }
    return undefined;
  };
  return {
    // A disturbance is reported before it happens: what it changed is noted with the next event.
    disturbed: () => {
      disturbed = true;
      return undefined;
    },
    passed: (nowUs) => {
      if (disturbed) note(nowUs);
      disturbed = false;
      return look(nowUs);
    },
    stepped: ({ nowUs, before, after }) => (sameStates(before, after) ? undefined : note(nowUs)),
  };
};
