// The firewall marks of services, as the records have them.
import type { Family } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import type { ServiceKey } from '../../../model/service.js';
import { AddressFamily, Conf, Service, WeirState } from '../abi.gen.js';
import { MarksOf } from '../wide.gen.js';
import type { Tables } from './tables.js';

export const FAMILIES: readonly Family[] = ['inet', 'inet6'];
const BITS = { inet: MarksOf.MARKS_INET, inet6: MarksOf.MARKS_INET6 } as const;
const SCTP_BITS = { inet: MarksOf.MARKS_SCTP, inet6: MarksOf.MARKS_SCTP6 } as const;
const NUMBERS = { inet: AddressFamily.F_INET, inet6: AddressFamily.F_INET6 } as const;

/**
 * Record 0 of the services: there is a service of a mark, or was one, whose connections packets may have. It stays until the tables go. The builds
 * for them are loaded, also those of SCTP.
 */
export function noteMarks({ services }: Tables, family: Family): void {
  services.set(0, Service.mark, services.get(0, Service.mark) | BITS[family] | SCTP_BITS[family]);
}

/** Was there ever a service of a mark of this family? Without a family: of any. */
export function hasMarks({ services }: Tables, family?: Family): boolean {
  const seen = services.get(0, Service.mark);
  return (family === undefined ? seen : seen & BITS[family]) !== 0;
}

/** The marks of the living services, each once. */
export function liveMarks({ services, conf }: Tables, family: Family): readonly number[] {
  const marks: number[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    const [mark, state] = [services.get(id, Service.mark), services.get(id, Service.state)];
    if (mark !== 0 && state === WeirState.LIVE && services.get(id, Service.family) === NUMBERS[family]) marks.push(mark);
  }
  return marks;
}

/** Living services of marks in a family. Each has a policy rule in front of that for local addresses, and every route lookup compares all. */
export const MARKS_MAX = 256;

/** Makes sure that one more service of a mark has room. @throws WeirError table-full */
export function roomForMark(tables: Tables, key: ServiceKey): void {
  if (key.kind !== 'fwmark' || liveMarks(tables, key.family).length < MARKS_MAX) return;
  throw new WeirError('table-full', {
    what: `more than ${MARKS_MAX} firewall marks: every route lookup of this host compares a rule for each`,
  });
}
