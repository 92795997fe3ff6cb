// Services that a drain of a peer leaves without a server here. The peer has checked its own table; this director's may be another one. The drain holds
// nevertheless, since the server is about to go: who operates it must know.
import { type Drain, targetsOf } from '../../model/drain/drain.js';
import { type DrainTarget, isTargeted } from '../../model/drain/drain-target.js';
import type { Override } from '../../model/drain/override.js';
import { serviceWord } from '../../model/service-word.js';
import { eventOf } from './drain-ends.js';
import type { DrainEffect, DrainView } from './messages.js';

/** A record names so many. */
const SERVICES_MAX = 16;

const mayEmpty = ({ shared, holds, slowStart }: Drain): boolean => shared?.adopted === true && holds && slowStart === undefined;

/** As serviceWord. Who has named a whole service wants it to be empty. */
export const emptiedBy = (drain: Drain, view: DrainView): readonly string[] =>
  mayEmpty(drain) ? emptiedServices(targetsOf(drain), view) : [];

/** Likewise, of an override. */
export function emptiedByOverride({ target, state, weight, adopted }: Override, view: DrainView): readonly string[] {
  return adopted === true && (state !== 'ready' || weight === 0) ? emptiedServices(targetsOf({ target, also: [] }), view) : [];
}

function emptiedServices(all: readonly DrainTarget[], view: DrainView): readonly string[] {
  const targets = all.filter(({ kind }) => kind !== 'service');
  return view.flatMap(({ key, servers }) => {
    const open = servers.filter(({ configured }) => configured > 0);
    const drained = open.filter((server) => targets.some((target) => isTargeted(target, key, server.key)));
    const isEmpty = drained.length > 0 && open.every((server) => server.held || drained.includes(server));
    return isEmpty ? [serviceWord(key)] : [];
  });
}

/** The same object where nothing is new. */
export function withEmptied(drain: Drain, view: DrainView, effects: DrainEffect[]): Drain {
  const services = emptiedBy(drain, view).slice(0, SERVICES_MAX);
  const { emptied: before = [], ...rest } = drain;
  if (services.join() === before.join()) return drain;
  const more = services.filter((service) => !before.includes(service));
  if (more.length > 0) effects.push(eventOf(drain, 'empties', `no server is left here to ${more.join(', ')}: a peer has begun it`));
  return services.length === 0 ? rest : { ...rest, emptied: services };
}
