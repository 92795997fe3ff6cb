// The firewall marks of services, as the records have them.
import { AddressFamily, Conf, Service, WeirState } from '../abi.gen.js';
import type { Tables } from './tables.js';

/** Record 0 of the services: there is a service of a mark, or was one, whose connections packets may have. It stays until the tables go. */
export function noteMarks({ services }: Tables): void {
  services.set(0, Service.mark, 1);
}

export const hasMarks = ({ services }: Tables): boolean => services.get(0, Service.mark) !== 0;

/** Of living services, each once, IPv4. */
export function liveMarks({ services, conf }: Tables): readonly number[] {
  const marks: number[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    const [mark, state] = [services.get(id, Service.mark), services.get(id, Service.state)];
    if (mark !== 0 && state === WeirState.LIVE && services.get(id, Service.family) === AddressFamily.F_INET) marks.push(mark);
  }
  return marks;
}
