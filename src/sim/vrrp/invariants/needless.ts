// No node takes over from a better master whose adverts arrive, not even after a pause, a storm or a reload of its own.

import { CALM, type Disturbance } from '../history.js';
import { type MakeInvariant, sameStates, stateOf } from '../invariant.js';
import { downOf, longestIntervals, mixedIntervals, slackUs } from './bounds.js';
import { isOf, nodeAdvert, routerOf } from './node-advert.js';
import { reaches } from './paths.js';

interface Rest {
  readonly atUs: number;
  readonly lastedUs: number;
  readonly frozen: boolean;
}

/** By node: when its last pause ended, and how long that was. `note` answers whether the disturbance was a pause or its end. */
function pausesOf(): { readonly last: ReadonlyMap<number, Rest>; readonly note: (nowUs: number, what: Disturbance) => boolean } {
  const paused = new Map<number, { readonly atUs: number; readonly frozen: boolean }>();
  const last = new Map<number, Rest>();
  const note = (nowUs: number, what: Disturbance): boolean => {
    if (what.kind === 'pause') paused.set(what.node, { atUs: nowUs, frozen: what.frozen === true });
    if (what.kind === 'resume') {
      const { atUs = nowUs, frozen = false } = paused.get(what.node) ?? {};
      last.set(what.node, { atUs: nowUs, lastedUs: nowUs - atUs, frozen });
    }
    return what.kind === 'pause' || what.kind === 'resume';
  };
  return { last, note };
}

export const needless: MakeInvariant = (world, history) => {
  const longest = longestIntervals(history);
  const mixed = mixedIntervals(history);
  const slack = slackUs(history);
  /** Since when each node is master; since when the world is undisturbed except by harmless reports, including delayed packets. */
  const masters = new Map<string, number>();
  let quietUs = 0;
  /** By node and instance: when priority 0 was received last. */
  const leftAtUs = new Map<string, number>();
  const rests = pausesOf();
  const wrong = (nowUs: number, index: number, name: string): string | undefined => {
    const node = world.nodes[index]!;
    const own = node.configuration.instances.find((instance) => instance.name === name);
    const view = node.view.find((each) => each.name === name);
    if (own === undefined || view === undefined || own.preemptDelayUs > 0) return undefined;
    // After a restart, AH counts from 1, as in keepalived: adverts of such a master are refused for a while.
    if (own.authentication.kind === 'ah') return undefined;
    // v3: a backup that follows the short interval of one master times out on the longer interval of another.
    if (mixed.has(name)) return undefined;
    const intervalUs = longest.get(name) ?? own.advertUs;
    const rest = rests.last.get(index);
    const listenUs = intervalUs + slack + CALM.maxUs;
    // RFC 9568 §6.4.2: after any priority 0 a backup waits for a skew only. The answer of a better master may have overtaken it.
    if (nowUs - (leftAtUs.get(`${index} ${name}`) ?? Number.NEGATIVE_INFINITY) < intervalUs + slack) return undefined;
    // A node knows of a long pause by its late timer, unless its clock stopped, too. A short pause looks like silence.
    const knows = rest?.frozen === false && rest.lastedUs >= downOf(own, 1, intervalUs) + Math.max(intervalUs, 1_000_000);
    if (rest !== undefined && !knows && nowUs - rest.atUs < (rest.frozen ? listenUs : intervalUs)) return undefined;
    for (const [other, rival] of world.nodes.entries()) {
      const sinceUs = masters.get(`${other} ${name}`);
      if (
        other === index ||
        sinceUs === undefined ||
        nowUs - Math.max(sinceUs, quietUs, rests.last.get(other)?.atUs ?? 0) < listenUs ||
        !reaches(world, other, index, name)
      )
        continue;
      const theirs = rival.view.find((each) => each.name === name);
      const better = theirs !== undefined && theirs.priority > view.priority;
      if (better && routerOf(node, name) === routerOf(rival, name))
        return `${node.setup.name} becomes master of ${name} although it receives from ${rival.setup.name}, which has been for ${nowUs - sinceUs} us`;
    }
    return undefined;
  };
  return {
    disturbed: (nowUs, what) => {
      if (!rests.note(nowUs, what) && what.kind !== 'forgedPacket' && what.kind !== 'harmlessReport')
        quietUs = Math.max(quietUs, nowUs + (what.kind === 'weather' ? Math.max(what.weather.maxUs, world.weather.maxUs) : 0));
      return undefined;
    },
    stepped: (observation) => {
      const { node: index, nowUs, input, before, after } = observation;
      const received = nodeAdvert(world, observation);
      for (const instance of received?.advert.priority === 0 ? world.nodes[index]!.configuration.instances : [])
        if (isOf(instance, received)) leftAtUs.set(`${index} ${instance.name}`, nowUs);
      if (sameStates(before, after)) return undefined;
      for (const { name } of [...before, ...after]) if (stateOf(after, name) !== 'master') masters.delete(`${index} ${name}`);
      for (const { name, state } of after) {
        if (state !== 'master' || stateOf(before, name) === 'master') continue;
        const text = input.kind === 'wake' ? wrong(nowUs, index, name) : undefined;
        if (text !== undefined) return text;
        masters.set(`${index} ${name}`, nowUs);
      }
      return undefined;
    },
  };
};
