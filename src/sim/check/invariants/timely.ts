// Dead servers are out in time, and servers that answer are back in time, measured by the world's truth; in the end everything is what its
// servers deserve.
import { addressId } from '../../../model/identity.js';
import type { Checker, RealServer, VirtualServer } from '../../../model/keepalived/virtual-server.js';
import type { Configuration } from '../history.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import { hostOf, realText, serverKey } from '../names.js';
import type { World } from '../world.js';
import { downUs, firstUs, upUs } from './bounds.js';

/** Whether a check of this server succeeds now; undefined: sometimes. */
function truth(world: World, { check }: Checker, real: RealServer): boolean | undefined {
  switch (check.kind) {
    case 'file': {
      const value = world.files.get(check.trackFile) ?? 0;
      if (check.weight === 0) return (value === 0) !== check.reverse;
      return value * check.weight * (check.reverse ? -1 : 1) > -(2 ** 31 - 1);
    }
    case 'bfd':
      return world.bfds.get(check.name) ?? true;
    case 'misc': {
      const status = world.scripts.get(check.script.text) ?? 0;
      return typeof status === 'number' && (status === 0 || (check.dynamic && status >= 2));
    }
    default: {
      const behaviour = world.hosts.get(hostOf(real)) ?? { kind: 'answers' };
      if (behaviour.kind === 'flaky') return undefined;
      return behaviour.kind === 'answers' || (behaviour.kind === 'partial' && !behaviour.failing.includes(check.kind));
    }
  }
}

function isSuspended(world: World, { haSuspend, target }: VirtualServer): boolean {
  if (!haSuspend || target.kind !== 'service' || target.key.kind !== 'address') return false;
  return !world.addresses.has(addressId(target.key.address));
}

/** What is wrong after `quietUs` without any disturbance. */
function late(world: World, { servers }: Configuration, quietUs: number, lateUs: number): string | undefined {
  const seen = new Set<string>();
  for (const server of servers) {
    const key = serverKey(server);
    if (seen.has(key) || isSuspended(world, server)) continue;
    seen.add(key);
    const state = world.view.find((one) => serverKey(one.config) === key);
    for (const real of server.realServers) {
      const alive = state?.reals.find((one) => hostOf(one.config) === hostOf(real))?.alive;
      const truths = real.checkers.map((checker) => ({ checker, ok: truth(world, checker, real) }));
      const dead = truths.some(({ checker, ok }) => ok === false && quietUs > firstUs(checker) + downUs(checker, lateUs));
      if (dead && alive !== false) return `${realText(server, real)} is dead for ${quietUs / 1e6} s and still in service`;
      const well = truths.every(({ checker, ok }) => ok === true && quietUs > firstUs(checker) + upUs(checker, lateUs));
      if (well && alive !== true) return `${realText(server, real)} answers for ${quietUs / 1e6} s and is not back`;
    }
  }
  return undefined;
}

export const timely: MakeInvariant = (world, { lateUs, turnUs }): Invariant => {
  let quietFromUs = 0;
  return {
    disturbed: (nowUs) => {
      quietFromUs = nowUs;
      return undefined;
    },
    passed: (nowUs) => {
      if (!world.alive || world.paused || world.stopping || !world.sockets) {
        quietFromUs = nowUs;
        return undefined;
      }
      return late(world, world.configuration, nowUs - quietFromUs, lateUs + 2 * turnUs);
    },
  };
};
