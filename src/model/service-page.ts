// A part of the list of services: so many of them, behind one.
import { WeirError } from './errors/weir-error.js';
import { sameService } from './identity.js';
import type { ServiceKey, ServiceSpec } from './service.js';

/** Absent: from the first one on; all of them. */
export interface PageAsked {
  readonly after?: ServiceKey | undefined;
  readonly limit?: number | undefined;
}

export interface ServicePage<T> {
  readonly services: readonly T[];
  /** `after` of the next page; undefined: there is none. */
  readonly next: ServiceKey | undefined;
}

/** @throws WeirError service-missing: the one that the page is behind */
export function servicePage<T extends { readonly spec: ServiceSpec }>(all: readonly T[], { after, limit }: PageAsked): ServicePage<T> {
  const begin = after === undefined ? 0 : all.findIndex(({ spec }) => sameService(spec.key, after)) + 1;
  if (after !== undefined && begin === 0) throw new WeirError('service-missing');
  const services = all.slice(begin, limit === undefined ? undefined : begin + limit);
  const isLast = begin + services.length === all.length;
  return { services, next: isLast ? undefined : services.at(-1)?.spec.key };
}
