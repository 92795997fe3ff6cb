// What takes an applied plan back: the services that it touched, as they were, in the table that there is by then.
import { serviceId } from '../../model/identity.js';
import type { ServiceKey, Timeouts } from '../../model/service.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';
import type { DocumentStep } from './document-plan.js';

export interface Undo {
  /** `before`: null where it was not there. */
  readonly services: readonly { readonly key: ServiceKey; readonly before: DocumentService | null }[];
  readonly timeouts?: Timeouts;
}

function keyOf(step: DocumentStep): ServiceKey | undefined {
  if (step.kind === 'set-timeouts') return undefined;
  if ('service' in step) return step.service;
  return 'spec' in step ? step.spec.key : step.key;
}

/** `before`: the table that the steps change. */
export function undoOf(steps: readonly DocumentStep[], before: TableDocument): Undo {
  const there = new Map((before.services ?? []).map((service) => [serviceId(service.spec.key), service]));
  const touched = new Map(
    steps.flatMap((step) => {
      const key = keyOf(step);
      return key === undefined ? [] : [[serviceId(key), key] as const];
    }),
  );
  const services = [...touched].map(([id, key]) => ({ key, before: there.get(id) ?? null }));
  const isTimed = steps.some(({ kind }) => kind === 'set-timeouts');
  return { services, ...(isTimed && before.timeouts !== undefined ? { timeouts: before.timeouts } : {}) };
}

/** The document that is to be planned: the present table, with what the undo names as it was. */
export function undone(present: TableDocument, { services: changes, timeouts }: Undo): TableDocument {
  const ids = new Set(changes.map(({ key }) => serviceId(key)));
  const others = (present.services ?? []).filter(({ spec }) => !ids.has(serviceId(spec.key)));
  const back = changes.flatMap(({ before }) => (before === null ? [] : [before]));
  return { services: [...others, ...back], ...(timeouts === undefined ? {} : { timeouts }) };
}
