// What a plan has to know of the loaded table, read without a lock: nothing is loaded, attached or repaired.
import { NO_FACTS, type TableFacts } from '../control/plan/table-facts.js';
import type { PresentTable } from '../control/virtual-server/plan.js';
import type { TableReader } from '../datapath/director.js';
import type { ConfiguredService } from '../datapath/ebpf/observe/kept-services.js';
import { lastWeights } from '../datapath/ebpf/observe/last-weights.js';
import type { ObservedDatapath } from '../datapath/ebpf/observe/observer.js';
import type { ObservingReader } from '../datapath/ebpf/observe/observing-reader.js';
import { DEFAULT_TIMEOUTS } from '../datapath/ebpf/table/timeouts.js';
import { feedbackRecords } from '../host/feedback-files.js';
import { isWeirError, WeirError } from '../model/errors/weir-error.js';
import { destinationId, serviceId } from '../model/identity.js';
import { configuredWeights } from './configured-weights.js';

const REFUSALS = {
  before: 'datapath-build-before',
  'taken-over': 'takeover-elsewhere',
  'other-build': 'datapath-other-build',
} as const;

/** The table, with configured weights where feedback has moved them. `moved`: a line for each of those. */
export interface PresentFacts extends Pick<TableFacts, 'present' | 'movedWeights' | 'templates' | 'timeouts' | 'expireNodest'> {
  readonly moved: readonly string[];
}

interface PresentReader extends Pick<TableReader, 'timeouts' | 'sysctls'> {
  services(): readonly ConfiguredService[];
}

/** Reads no counters. */
export const observedPresent = (reader: ObservingReader): PresentFacts =>
  presentFacts({ services: () => reader.configured().services, timeouts: () => reader.timeouts(), sysctls: () => reader.sysctls() });

export function presentFacts(reader: PresentReader): PresentFacts {
  const present = new Map<string, PresentTable extends ReadonlyMap<string, infer T> ? T : never>();
  const movedWeights = new Map<string, ReadonlyMap<string, number>>();
  const templates = new Map<string, ReadonlyMap<string, number>>();
  const moved: string[] = [];
  const recordOf = feedbackRecords();
  for (const { spec, destinations } of reader.services()) {
    const id = serviceId(spec.key);
    const configured = configuredWeights(
      spec.key,
      destinations.map((entry) => entry.spec),
      recordOf,
    );
    present.set(id, { spec, destinations: configured.destinations });
    moved.push(...configured.moved);
    if (configured.inTable.size > 0) movedWeights.set(id, configured.inTable);
    const persistent = destinations.flatMap((entry) =>
      entry.persistent > 0 ? [[destinationId(entry.spec), entry.persistent] as const] : [],
    );
    if (persistent.length > 0) templates.set(id, new Map(persistent));
  }
  const expireNodest = Number(reader.sysctls().get('expire_nodest_conn') ?? 0) !== 0;
  return { present, movedWeights, templates, timeouts: reader.timeouts(), expireNodest, moved };
}

/** As tables begin. */
export const emptyFacts = { ...NO_FACTS, timeouts: DEFAULT_TIMEOUTS, moved: [] };

export type ObservedFacts = PresentFacts & Pick<TableFacts, 'connections' | 'services' | 'lastWeights'>;

/** @throws WeirError datapath-build-before, takeover-elsewhere, datapath-other-build */
export function refuseOther(observed: ObservedDatapath): void {
  if (observed.kind === 'other-tables') throw new WeirError(REFUSALS[observed.layout], observed);
}

/** @throws WeirError as refuseOther */
export function observedFacts(observed: ObservedDatapath): ObservedFacts {
  refuseOther(observed);
  if (observed.kind !== 'loaded') return emptyFacts;
  const { reader } = observed;
  const { counts, services } = reader.countConnections();
  const facts = observedPresent(reader);
  return { ...facts, connections: counts, services, lastWeights: drainedWeights(reader, facts.present) };
}

/** Of services by mh with a drained server: no other scheduler looks at them. A service that went meanwhile has none. */
function drainedWeights(reader: ObservingReader, present: PresentTable): TableFacts['lastWeights'] {
  const drained = [...present].filter(
    ([, { spec, destinations }]) => spec.scheduler === 'mh' && destinations.some(({ weight }) => weight === 0),
  );
  return new Map(
    drained.map(([id, { spec }]) => {
      try {
        return [id, reader.observing((tables) => lastWeights(tables, spec.key))] as const;
      } catch (error) {
        if (!isWeirError(error, 'service-missing')) throw error;
        return [id, new Map<string, number>()] as const;
      }
    }),
  );
}
