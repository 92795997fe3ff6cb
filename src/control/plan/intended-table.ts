// The table that a document leads to, by the options: what may not be changed stays as it is.
import { destinationId, serviceId } from '../../model/identity.js';
import type { DestinationSpec } from '../../model/service.js';
import type { DocumentService } from '../../model/table-document.js';
import { DOCUMENT_NAMES } from '../virtual-server/names.js';
import type { IntendedService, IntendedTable, PresentService, PresentTable } from '../virtual-server/plan.js';
import type { ChangeKind, DocumentOptions } from './document-plan.js';
import type { TableFacts } from './table-facts.js';

export const intended = ({ spec, destinations }: DocumentService): IntendedService => ({
  server: { name: DOCUMENT_NAMES.service(spec.key) },
  spec,
  destinations,
});

const byId = (destinations: readonly DestinationSpec[]): ReadonlyMap<string, DestinationSpec> =>
  new Map(destinations.map((spec) => [destinationId(spec), spec]));

/** The document's services, without those of others; with what is there of services that the document does not own. */
export function documentTable(
  services: readonly DocumentService[],
  { present, owners }: TableFacts,
  { keepOthers, ignoreWeights }: DocumentOptions,
): IntendedTable {
  const table = new Map<string, IntendedService>();
  for (const service of services) {
    const id = serviceId(service.spec.key);
    if (owners.has(id)) continue;
    const there = byId(present.get(id)?.destinations ?? []);
    const destinations = service.destinations.map((spec) => {
      const now = there.get(destinationId(spec));
      return ignoreWeights === true && now !== undefined ? { ...spec, weight: now.weight } : spec;
    });
    table.set(id, intended({ spec: service.spec, destinations }));
  }
  for (const [id, service] of present) {
    if (!table.has(id) && (keepOthers === true || owners.has(id))) table.set(id, intended(service));
  }
  return table;
}

/** Without the changes of other kinds. */
export function allowedTable(wanted: IntendedTable, present: PresentTable, allow: DocumentOptions['allow']): IntendedTable {
  if (allow === undefined) return wanted;
  const may = (kind: ChangeKind): boolean => allow.has(kind);
  const table = new Map<string, IntendedService>();
  for (const [id, service] of wanted) {
    const there = present.get(id);
    if (there === undefined && !may('add-service')) continue;
    const spec = there !== undefined && !may('edit-service') ? there.spec : service.spec;
    table.set(id, { ...service, spec, destinations: allowedServers(service, there, may) });
  }
  for (const [id, service] of present) {
    if (!wanted.has(id) && !may('delete-service')) table.set(id, intended(service));
  }
  return table;
}

function allowedServers(
  { destinations }: IntendedService,
  there: PresentService | undefined,
  may: (kind: ChangeKind) => boolean,
): readonly DestinationSpec[] {
  const [old, wanted] = [byId(there?.destinations ?? []), byId(destinations)];
  const stay = destinations.flatMap((spec) => {
    const now = old.get(destinationId(spec));
    if (now === undefined) return may('add-destination') ? [spec] : [];
    return [may('edit-destination') ? spec : now];
  });
  const others = may('delete-destination') ? [] : [...old].flatMap(([id, spec]) => (wanted.has(id) ? [] : [spec]));
  return [...stay, ...others];
}
