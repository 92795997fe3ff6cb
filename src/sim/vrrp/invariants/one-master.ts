// Two masters that can hear each other end it within two adverts, disturbed as the rest of the world may be.
import { type MakeCheck, stateOf } from '../check.js';
import type { World } from '../world.js';
import { longestIntervals, SLACK_US } from './bounds.js';

/** Both run, both can be heard by the other, and the air is calm. */
function canHear(world: World, a: number, b: number): boolean {
  const [one, other] = [world.nodes[a]!, world.nodes[b]!];
  const ready = [one, other].every(({ alive, paused, interfaces }) => alive && !paused && [...interfaces.values()].every(({ up }) => up));
  if (!ready || world.weather.loss > 0) return false;
  return ![...world.cuts].some((cut) => cut.startsWith(`${a}>${b}/`) || cut.startsWith(`${b}>${a}/`));
}

export const oneMaster: MakeCheck = (world, history) => {
  const longest = longestIntervals(history);
  const since = new Map<string, number>();
  const look = (nowUs: number): string | undefined => {
    for (let a = 0; a < world.nodes.length; a++)
      for (let b = a + 1; b < world.nodes.length; b++) {
        const hear = canHear(world, a, b);
        for (const [name, intervalUs] of longest) {
          const key = `${a}/${b}/${name}`;
          const both = hear && stateOf(world.nodes[a]!.view, name) === 'master' && stateOf(world.nodes[b]!.view, name) === 'master';
          if (!both) since.delete(key);
          else if (!since.has(key)) since.set(key, nowUs);
          const clashUs = nowUs - (since.get(key) ?? nowUs);
          if (clashUs > 2 * intervalUs + 2 * world.weather.maxUs + SLACK_US)
            return `${world.nodes[a]!.setup.name} and ${world.nodes[b]!.setup.name} are both masters of ${name} for ${clashUs} us and can hear each other`;
        }
      }
    return undefined;
  };
  return { passed: look, disturbed: look, stepped: ({ nowUs }) => look(nowUs) };
};
