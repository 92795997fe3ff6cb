// Whether a drain may begin, and what goes with it.

import { type DrainRecord, isUnfinished } from '../../model/drain/drain.js';
import { type DrainTarget, drainTargetWord, isTargeted, parseDrainTarget } from '../../model/drain/drain-target.js';
import type { Override } from '../../model/drain/override.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameAddress, sameService } from '../../model/identity.js';
import { serviceWord } from '../../model/service-word.js';
import type { DrainRequest, DrainView, DrainViewServer, DrainViewService } from './messages.js';

/**
 * The server in the other persistent services of its service's address: what a client has begun at one of them goes on at the others, on the same
 * server, so all lead it elsewhere together.
 */
export function groupTargets(target: DrainTarget, view: DrainView): readonly DrainTarget[] {
  if (target.kind !== 'server' || target.service.kind !== 'address') return [];
  const { service, server } = target;
  if (!view.some(({ key, persistent }) => persistent && sameService(key, service))) return [];
  return view.flatMap(({ key, persistent, servers }) => {
    const isOfGroup = persistent && key.kind === 'address' && sameAddress(key.address, service.address) && !sameService(key, service);
    if (!isOfGroup) return [];
    return servers
      .filter((each) => sameAddress(each.key.address, server.address))
      .map((each) => ({ kind: 'server', service: key, server: each.key }));
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** The part of the weights of `servers` that `left` have, 0 to 1. */
export function shareOf(left: readonly DrainViewServer[], servers: readonly DrainViewServer[]): number {
  const all = sum(servers.map(({ configured }) => configured));
  return all === 0 ? 0 : sum(left.map(({ configured }) => configured)) / all;
}

/** @throws WeirError drain-leaves-no-server, drain-leaves-too-little */
function checkRest(
  { key, servers }: DrainViewService,
  targets: readonly DrainTarget[],
  { allowEmpty, minCapacity }: Pick<DrainRequest, 'allowEmpty' | 'minCapacity'>,
): void {
  const open = servers.filter(({ configured, held }) => configured > 0 && !held);
  const rest = open.filter((server) => !targets.some((target) => isTargeted(target, key, server.key)));
  if (open.length === rest.length) return;
  if (rest.length === 0 && !allowEmpty) throw new WeirError('drain-leaves-no-server', { service: serviceWord(key) });
  const share = shareOf(rest, servers);
  if (share < minCapacity)
    throw new WeirError('drain-leaves-too-little', {
      service: serviceWord(key),
      share: Math.floor(share * 100),
      least: Math.ceil(minCapacity * 100),
    });
}

/** @throws WeirError drain-target, drain-target-missing, drain-leaves-no-server */
export function checkOverride(
  { target: word, state, weight }: Pick<Override, 'target' | 'state' | 'weight'>,
  allowEmpty: boolean,
  view: DrainView,
): void {
  const target = parseDrainTarget(word);
  if (target?.kind !== 'address' && target?.kind !== 'server') throw new WeirError('drain-target', { given: word });
  if (!isThere(target, view)) throw new WeirError('drain-target-missing', { target: drainTargetWord(target) });
  if (state === 'ready' && weight !== 0) return;
  for (const service of view) checkRest(service, [target], { allowEmpty, minCapacity: 0 });
}

const isThere = (target: DrainTarget, view: DrainView): boolean =>
  view.some(({ key, servers }) => servers.some((server) => isTargeted(target, key, server.key)));

/** @throws WeirError drain-no-instances, drain-director-end */
function checkDirector({ allowEmpty, end }: DrainRequest, instances: readonly string[]): void {
  if (end !== 'keep') throw new WeirError('drain-director-end', { end });
  if (instances.length === 0 && !allowEmpty) throw new WeirError('drain-no-instances');
}

/**
 * `instances`: of VRRP on this host, by their names.
 * @throws WeirError drain-target, drain-target-missing, drain-runs, drain-leaves-no-server, drain-leaves-too-little, drain-no-instances,
 * drain-director-end
 */
export function checkDrain({ drains }: DrainRecord, request: DrainRequest, view: DrainView, instances: readonly string[] = []): void {
  const target = parseDrainTarget(request.target);
  if (target === undefined) throw new WeirError('drain-target', { given: request.target });
  const word = drainTargetWord(target);
  const running = drains.find((drain) => drain.target === word && drain.holds && drain.state !== 'cancelled');
  if (running !== undefined)
    throw new WeirError('drain-runs', {
      id: running.id,
      target: word,
      state: isUnfinished(running) ? 'runs' : 'has ended, and still holds it',
    });
  if (target.kind === 'director') {
    checkDirector(request, instances);
    return;
  }
  const targets = [target, ...groupTargets(target, view)];
  const isKnown = target.kind === 'service' ? view.some(({ key }) => sameService(key, target.service)) : isThere(target, view);
  if (!isKnown) throw new WeirError('drain-target-missing', { target: word });
  // Whoever names a service wants it to be empty.
  if (target.kind !== 'service') for (const service of view) checkRest(service, targets, request);
}
