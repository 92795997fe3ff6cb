// A document with one service or one server otherwise: what single resources are changed by.
import { WeirError } from '../../model/errors/weir-error.js';
import { sameDestination, sameService, serviceId } from '../../model/identity.js';
import type { DestinationKey, DestinationSpec, ServiceKey } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';
import type { TableFacts } from './table-facts.js';

/** The services alone: what is not named stays as it is. */
const services = ({ services: all = [] }: TableDocument): readonly DocumentService[] => all;

const serviceOf = (document: TableDocument, key: ServiceKey): DocumentService | undefined =>
  services(document).find(({ spec }) => sameService(spec.key, key));

/**
 * The service of `document`, which is of this state, that a change is about.
 * @throws WeirError service-missing; plan-conflict: a daemon has it of its own file
 */
export function changedService(
  document: TableDocument,
  { owners, files }: Pick<TableFacts, 'owners' | 'files'>,
  key: ServiceKey,
): DocumentService {
  const [id, found] = [serviceId(key), serviceOf(document, key)];
  if (found !== undefined) return found;
  const [keptFor, file] = [owners.get(id), files.get(id)];
  if (keptFor === undefined) throw new WeirError('service-missing');
  throw new WeirError('plan-conflict', { service: serviceWord(key), keptFor, ...(file === undefined ? {} : { file }) });
}

/** In the place of the one with its key, or as a further one. */
export function withService(document: TableDocument, service: DocumentService): TableDocument {
  const isThere = serviceOf(document, service.spec.key) !== undefined;
  const replaced = services(document).map((one) => (sameService(one.spec.key, service.spec.key) ? service : one));
  return { services: isThere ? replaced : [...replaced, service] };
}

export const withoutService = (document: TableDocument, key: ServiceKey): TableDocument => ({
  services: services(document).filter(({ spec }) => !sameService(spec.key, key)),
});

const changed = (
  document: TableDocument,
  key: ServiceKey,
  change: (all: readonly DestinationSpec[]) => readonly DestinationSpec[],
): TableDocument => ({
  services: services(document).map((one) => (sameService(one.spec.key, key) ? { ...one, destinations: change(one.destinations) } : one)),
});

export const withServer = (document: TableDocument, key: ServiceKey, server: DestinationSpec): TableDocument =>
  changed(document, key, (all) =>
    all.some((one) => sameDestination(one, server)) ? all.map((one) => (sameDestination(one, server) ? server : one)) : [...all, server],
  );

export const withoutServer = (document: TableDocument, key: ServiceKey, server: DestinationKey): TableDocument =>
  changed(document, key, (all) => all.filter((one) => !sameDestination(one, server)));
