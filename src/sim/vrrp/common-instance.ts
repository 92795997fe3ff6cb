// What all nodes of a history have in common for an instance: its protocol settings and resources, chosen by a seed.
import type { Authentication, GarpTiming, VrrpInstance } from '../../model/keepalived/instance.js';
import type { HostRoute, HostRule } from '../../model/keepalived/network.js';
import type { Random } from '../random.js';
import { hostAddress, inet, instanceOf, linkLocal } from './configuration.js';

const S = 1_000_000;

function authenticationOf(random: Random, instance: Pick<VrrpInstance, 'version' | 'family'>): Authentication {
  if (instance.version === 2) {
    const kind = random.pick(['none', 'none', 'pass', 'ah'] as const);
    return kind === 'none' ? { kind } : { kind, password: 'sesame' };
  }
  if (!random.chance(0.15)) return { kind: 'none' };
  const keys = [{ id: 1, hex: '0123456789abcdef'.repeat(4) }];
  const antiReplay = random.pick(['time', 'monotonic'] as const);
  return { kind: 'hmac', keys, activeKey: 1, antiReplay, timeWindowUs: 30_000_000, mode: 'enforce' };
}

function garpOf(random: Random): GarpTiming {
  return {
    masterDelayUs: random.pick([0, 5 * S, 5 * S, S]),
    masterRepeat: random.pick([5, 5, 1, 2]),
    lowerPriorityDelayUs: random.pick([0, 5 * S]),
    lowerPriorityRepeat: random.pick([5, 1]),
    masterRefreshUs: random.chance(0.15) ? 3 * S : 0,
    masterRefreshRepeat: random.pick([1, 2]),
    extraInterfaceUs: random.chance(0.1) ? 4 * S : 0,
    extraInterfaceAll: random.chance(0.5),
  };
}

/** A network behind the virtual router. */
function routeOf(family: 'inet' | 'inet6', segment: number, number: number): HostRoute {
  const address = family === 'inet' ? inet(10, 200 + number, segment, 0) : linkLocal(0x2000 + number, 0);
  const plain = { nextHops: [], onlink: false, metrics: [], insert: 'prepend', noTrack: false } as const;
  return { ...plain, family, type: 'unicast', to: { address, length: 24 }, dev: `eth${segment}` };
}

function ruleOf(family: 'inet' | 'inet6', number: number): HostRule {
  return { family, not: false, preference: 16_000 + number, action: { kind: 'table', table: 100 }, l3mdev: false, noTrack: false };
}

function vipsOf(random: Random, family: 'inet' | 'inet6', segment: number, number: number): VrrpInstance['addresses'] {
  const last = 100 + 20 * number;
  return Array.from({ length: random.between(1, 3) }, (_, index) =>
    hostAddress(family === 'inet' ? inet(10, 99, segment, last + index) : linkLocal(segment, 0x1000 + last + index)),
  );
}

/** vrrp_strict: no options beyond the RFCs. */
export function strictly(instance: VrrpInstance): VrrpInstance {
  const { fast: _fast, ...rest } = instance;
  return {
    ...rest,
    strict: true,
    authentication: { kind: 'none' },
    accept: false,
    lowerPriorityNoAdvert: true,
    higherPrioritySendAdvert: false,
    ownerIgnoreAdverts: true,
    downTimerAdverts: 3,
  };
}

/** An instance as it is on every node; each node adds its own priority and the like. */
export function commonInstance(random: Random, number: number, count: number, grouped: boolean): VrrpInstance {
  const segment = grouped ? number % 2 : random.below(2);
  const family = random.chance(0.2) ? 'inet6' : 'inet';
  const version = family === 'inet6' || random.chance(0.5) ? 3 : 2;
  const fast = count === 1 && random.chance(0.15) ? { fast: { intervalUs: 10_000, missed: 3 } } : {};
  const fastAdvertUs = 100_000;
  const advertUs = version === 2 ? 1_000_000 * random.pick([1, 1, 1, 2]) : 10_000 * random.pick([10, 50, 100, 100, 150]);
  return instanceOf({
    name: `VI_${number + 1}`,
    vrid: 51 + number,
    family,
    version,
    interface: `eth${segment}`,
    advertUs: version === 3 && fast.fast !== undefined ? fastAdvertUs : advertUs,
    addresses: vipsOf(random, family, segment, number),
    excludedAddresses: random.chance(0.2) ? [hostAddress(inet(10, 98, segment, 100 + number))] : [],
    authentication: authenticationOf(random, { version, family }),
    downTimerAdverts: random.pick([3, 3, 3, 2, 5]),
    lowerPriorityNoAdvert: random.chance(0.15),
    higherPrioritySendAdvert: random.chance(0.15),
    accept: !random.chance(0.2),
    ownerIgnoreAdverts: random.chance(0.1),
    garp: garpOf(random),
    routes: random.chance(0.1) ? [routeOf(family, segment, number)] : [],
    rules: random.chance(0.1) ? [ruleOf(family, number)] : [],
    dontTrackPrimary: random.chance(0.05),
    addressMismatch: random.chance(0.1) ? 'drop' : 'accept',
    skipCheckAdvertAddresses: random.chance(0.1),
    ...(random.chance(0.1) ? { timerExpiredBackup: random.between(1, 254) } : {}),
    ...(random.chance(0.1) ? { virtualInterface: { kind: 'vmac', name: `vmac${number}` }, vmacTransmitBase: random.chance(0.5) } : {}),
    ...(version === 3 ? fast : {}),
  });
}
