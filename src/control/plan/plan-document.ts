// The plan of a document: what leads from the table to what the document states, in order, and what becomes of live connections and
// persistence. Pure: what is there is an argument.
import type { Change } from '../../model/change.js';
import { commandText } from '../../model/change-text.js';
import { addressId, destinationId, serviceId } from '../../model/identity.js';
import type { DestinationKey, DestinationSpec, Persistence, ServiceKey, Timeouts } from '../../model/service.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';
import { DOCUMENT_NAMES } from '../virtual-server/names.js';
import { type IntendedTable, type PresentService, planTable, planTimeouts, type ServicePlan } from '../virtual-server/plan.js';
import { countAt, countOf, countThere, cut, fateOf, kept, removed, resumed } from './connection-counts.js';
import { serverDifferences, serviceDifferences } from './differences.js';
import type { ChangeKind, DocumentOptions, DocumentPlan, DocumentStep, OtherService, PlannedChange } from './document-plan.js';
import { slotShift } from './hash-slots.js';
import { allowedTable, documentTable, intended } from './intended-table.js';
import type { PlannedService, PlannedSettings, Touched, TouchedTemplates } from './plan.js';
import { untouched } from './plan.js';
import { planServices } from './services.js';
import { tableBase } from './table-base.js';
import type { TableFacts } from './table-facts.js';
import { differingTimeouts } from './timeouts.js';

const noTemplates: TouchedTemplates = { kept: 0, ended: 0 };

const ACTIONS: Readonly<Record<ChangeKind, PlannedChange['action']>> = {
  'add-service': 'add',
  'edit-service': 'change',
  'delete-service': 'remove',
  'add-destination': 'add',
  'edit-destination': 'change',
  'delete-destination': 'remove',
  'set-timeouts': 'change',
};

const REASONS: Readonly<Record<PlannedChange['action'], string>> = {
  add: 'the document has it, the table does not',
  change: 'it is not as the document has it',
  remove: 'the table has it, the document does not',
};

/** Are a client's templates found by another service's specification, too? */
const findsSame = (from: Persistence | undefined, to: Persistence | undefined): boolean =>
  from !== undefined && to !== undefined && from.netmask === to.netmask && from.engine === to.engine;

/** One change of the table, with what it does to what lives. */
class ChangeLines {
  constructor(readonly facts: TableFacts) {}

  of(change: Change): PlannedChange {
    const action = ACTIONS[change.kind];
    return {
      action,
      kind: change.kind,
      ...this.#names(change),
      differences: this.#differences(change),
      reason: REASONS[action],
      command: `ipvsadm ${commandText(change)}`,
      connections: this.#connections(change),
      templates: this.#templates(change),
    };
  }

  #names(change: Change): Pick<PlannedChange, 'service' | 'server'> {
    if (!('service' in change)) return { service: DOCUMENT_NAMES.service('spec' in change ? change.spec.key : change.key) };
    const server: DestinationKey = change.kind === 'delete-destination' ? change.key : change.spec;
    return { service: DOCUMENT_NAMES.service(change.service), server: DOCUMENT_NAMES.server(server, change.service) };
  }

  #there(key: ServiceKey): PresentService | undefined {
    return this.facts.present.get(serviceId(key));
  }

  #server(service: ServiceKey, key: DestinationKey): DestinationSpec | undefined {
    return this.#there(service)?.destinations.find((spec) => destinationId(spec) === destinationId(key));
  }

  #differences(change: Change): PlannedChange['differences'] {
    if (change.kind === 'edit-service') {
      const there = this.#there(change.spec.key);
      return there === undefined ? [] : serviceDifferences(there.spec, change.spec);
    }
    if (change.kind !== 'edit-destination') return [];
    const there = this.#server(change.service, change.spec);
    return there === undefined ? [] : serverDifferences(there, change.spec);
  }

  #connections(change: Change): Touched {
    const { connections, present } = this.facts;
    switch (change.kind) {
      case 'add-service':
        return untouched;
      case 'edit-service':
        return kept(countThere(connections, present, serviceId(change.spec.key)));
      case 'delete-service':
        return cut(countThere(connections, present, serviceId(change.key)));
      case 'add-destination':
        return resumed(countAt(connections, change.service, change.spec));
      case 'edit-destination':
        return kept(countAt(connections, change.service, change.spec));
      case 'delete-destination':
        return removed(countAt(connections, change.service, change.key), change.service, this.facts);
    }
  }

  #templates(change: Change): TouchedTemplates {
    const { templates } = this.facts;
    const all = (ended: boolean, count: number): TouchedTemplates => (ended ? { kept: 0, ended: count } : { kept: count, ended: 0 });
    switch (change.kind) {
      case 'add-service':
      case 'add-destination':
        return noTemplates;
      case 'edit-service':
        return all(
          !findsSame(this.#there(change.spec.key)?.spec.persistence, change.spec.persistence),
          countOf(templates, serviceId(change.spec.key)),
        );
      case 'delete-service':
        return all(true, countOf(templates, serviceId(change.key)));
      case 'edit-destination':
        return all(false, countAt(templates, change.service, change.spec));
      case 'delete-destination':
        return all(true, countAt(templates, change.service, change.key));
    }
  }
}

/** A weight that feedback has moved is written as it is where the configured one stays: feedback would take another for a new configuration. */
function withMovedWeight(change: Change, { present, movedWeights }: TableFacts): Change {
  if (change.kind !== 'edit-destination') return change;
  const [service, server] = [serviceId(change.service), destinationId(change.spec)];
  const moved = movedWeights.get(service)?.get(server);
  const there = present.get(service)?.destinations.find((spec) => destinationId(spec) === server);
  return moved === undefined || there?.weight !== change.spec.weight ? change : { ...change, spec: { ...change.spec, weight: moved } };
}

interface TimeoutChange {
  readonly step: DocumentStep & { readonly kind: 'set-timeouts' };
  readonly line: PlannedChange;
  readonly settings: PlannedSettings;
}

function timeoutChange(wanted: Timeouts | undefined, present: Timeouts): TimeoutChange | undefined {
  const timeouts = planTimeouts(wanted, present);
  if (timeouts === undefined) return undefined;
  const differences = differingTimeouts(present, timeouts);
  return {
    step: { kind: 'set-timeouts', timeouts },
    line: {
      action: 'change',
      kind: 'set-timeouts',
      differences,
      reason: REASONS.change,
      command: `ipvsadm --set ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}`,
      connections: untouched,
      templates: noTemplates,
    },
    settings: { action: 'change', object: 'timeouts of connections', differences },
  };
}

const other = (key: ServiceKey, keptFor: string, { connections, present }: TableFacts): OtherService => ({
  service: DOCUMENT_NAMES.service(key),
  keptFor,
  connections: countThere(connections, present, serviceId(key)),
});

/** A server that goes from a service whose templates end all the same counts once. */
function endedBy(changes: readonly PlannedChange[]): number {
  const whole = new Set(
    changes.flatMap(({ server, service, templates: { ended } }) => (server === undefined && ended > 0 ? [service] : [])),
  );
  return changes.reduce(
    (sum, { server, service, templates }) => sum + (server !== undefined && whole.has(service) ? 0 : templates.ended),
    0,
  );
}

function templatesOf(changes: readonly PlannedChange[], { templates }: TableFacts): TouchedTemplates {
  const all = [...templates.keys()].reduce((sum, id) => sum + countOf(templates, id), 0);
  const ended = endedBy(changes);
  return { kept: all - ended, ended };
}

/** Adds what a change does to clients that have no connection now. */
function withClients(
  line: PlannedService,
  id: string,
  wanted: IntendedTable,
  changes: readonly PlannedChange[],
  facts: TableFacts,
): PlannedService {
  const [there, next] = [facts.present.get(id), wanted.get(id)];
  const count = countOf(facts.templates, id);
  const ended = endedBy(changes);
  const before = there?.destinations.map((spec) => ({ spec, lastWeight: lastWeightOf(spec, facts.lastWeights.get(id)) }));
  const slots =
    before === undefined || next === undefined || there?.spec.scheduler !== next.spec.scheduler
      ? undefined
      : slotShift(next.spec.scheduler, before, next.destinations);
  return {
    ...line,
    ...(count === 0 ? {} : { templates: { kept: count - ended, ended } }),
    ...(slots === undefined || slots.moved === 0 ? {} : { slots }),
  };
}

const lastWeightOf = (spec: DestinationSpec, known: ReadonlyMap<string, number> | undefined): number =>
  spec.weight === 0 ? (known?.get(destinationId(spec)) ?? 0) : spec.weight;

/** What goes comes first, so that there is room for what comes. */
function servicePlans(wanted: IntendedTable, { present }: TableFacts): readonly ServicePlan[] {
  const gone = [...present].filter(([id]) => !wanted.has(id)).map(([id, service]) => [id, intended(service)] as const);
  return planTable(wanted, new Map(gone), present);
}

/** The services of the table that the document leaves alone, and those of its own that it cannot have. */
function othersOf(services: readonly DocumentService[], facts: TableFacts, { keepOthers }: DocumentOptions) {
  const stated = new Map(services.map(({ spec }) => [serviceId(spec.key), spec.key]));
  const others = [...facts.present].flatMap(([id, { spec }]) => {
    const keptFor = facts.owners.get(id) ?? (keepOthers === true ? '--keep-others' : undefined);
    const isStated = stated.has(id) && !facts.checked.has(id);
    return isStated || keptFor === undefined ? [] : [other(spec.key, keptFor, facts)];
  });
  const conflicts = [...stated].flatMap(([id, key]) => {
    const owner = facts.owners.get(id);
    return owner === undefined || facts.checked.has(id) ? [] : [other(key, owner, facts)];
  });
  return { others, conflicts };
}

function grouped(changes: readonly PlannedChange[]): ReadonlyMap<string, readonly PlannedChange[]> {
  const groups = new Map<string, PlannedChange[]>();
  for (const change of changes) {
    if (change.service === undefined) continue;
    const group = groups.get(change.service);
    if (group === undefined) groups.set(change.service, [change]);
    else group.push(change);
  }
  return groups;
}

/** The part of a plan that is about services. */
function planServicesOf(services: readonly DocumentService[], facts: TableFacts, options: DocumentOptions) {
  const asked = documentTable(services, facts, options);
  const wanted = allowedTable(asked, facts.present, options.allow);
  const plans = servicePlans(wanted, facts);
  const lines = new ChangeLines(facts);
  const steps = plans.flatMap(({ changes }) => changes);
  const isWithheld = ({ kind }: Change): boolean => options.allow?.has(kind) === false;
  const withheld = servicePlans(asked, facts).flatMap(({ changes }) => changes.filter(isWithheld));
  const changes = steps.map((change) => lines.of(change));
  const byService = grouped(changes);
  const ids = new Map([...facts.present, ...wanted].map(([id, { spec }]) => [DOCUMENT_NAMES.service(spec.key), id]));
  const planned = planServices(plans, wanted, { ...facts, names: DOCUMENT_NAMES });
  const more = othersOf(services, facts, options);
  const ofOthers = new Set(more.others.map(({ service }) => service));
  return {
    steps: steps.map((change) => withMovedWeight(change, facts)),
    changes,
    withheld: withheld.map((change) => lines.of(change)),
    services: planned.flatMap((line) => {
      if (ofOthers.has(line.service)) return [];
      const own = byService.get(line.service);
      return own === undefined ? [line] : [withClients(line, ids.get(line.service) ?? '', wanted, own, facts)];
    }),
    ...more,
  };
}

const NO_SERVICES = { steps: [], changes: [], withheld: [], services: [], others: [], conflicts: [] } as const;

export function planDocument(document: TableDocument, facts: TableFacts, options: DocumentOptions = {}): DocumentPlan {
  const table = document.services === undefined ? NO_SERVICES : planServicesOf(document.services, facts, options);
  const timeouts = timeoutChange(document.timeouts, facts.timeouts);
  const isTimed = timeouts !== undefined && options.allow?.has('set-timeouts') !== false;
  const timed = timeouts === undefined ? [] : [timeouts];
  const changes = [...table.changes, ...(isTimed ? timed.map(({ line }) => line) : [])];
  return {
    ...table,
    base: tableBase(facts),
    changes,
    withheld: [...table.withheld, ...(isTimed ? [] : timed.map(({ line }) => line))],
    settings: isTimed ? timed.map(({ settings }) => settings) : [],
    expireNodest: facts.expireNodest,
    ...fateOf(facts, table.services, DOCUMENT_NAMES.service, (address) => facts.gone?.has(addressId(address)) === true),
    templates: templatesOf(changes, facts),
    steps: [...table.steps, ...(isTimed ? timed.map(({ step }) => step) : [])],
  };
}
