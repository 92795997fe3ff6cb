// What a drain would do to each service that has its target: shown before it begins.
import type { DrainRecord } from '../../model/drain/drain.js';
import { drainTargetWord, isTargeted, parseDrainTarget } from '../../model/drain/drain-target.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { endpointText } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { destinationId, serviceId } from '../../model/identity.js';
import type { WantedService } from '../../model/keepalived/wanted-table.js';
import type { ServiceEntry } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import { checkDrain, groupTargets, shareOf } from './check-drain.js';
import type { DrainRequest, DrainView } from './messages.js';

interface DrainedService {
  readonly service: string;
  /** Servers that get no new connections from then on, as ADDRESS:PORT. */
  readonly drained: readonly string[];
  /** Servers that go on to get them. */
  readonly left: readonly string[];
  /** The part of the service's weights that is left, 0 to 1. */
  readonly capacity: number;
}

export interface DrainPlan {
  readonly target: string;
  /** Targets that are drained with it: docs/drain.md. */
  readonly also: readonly string[];
  readonly services: readonly DrainedService[];
  /** Of a drain of the director: the instances of VRRP that its peers take over. */
  readonly instances?: readonly string[];
}

export const drainView = (services: readonly ServiceEntry[]): DrainView =>
  services.map(({ spec, destinations }) => ({
    key: spec.key,
    persistent: spec.persistence !== undefined,
    servers: destinations.map((entry) => ({
      key: entry.spec,
      configured: entry.spec.weight,
      held: entry.held !== undefined && effectiveWeight(entry) === 0,
    })),
  }));

/**
 * With the servers that daemons have in their files and that are not in the table, as where their checks have taken them out: no connection is begun
 * there, and a drain holds them once they are back.
 */
export function withServersOut(view: DrainView, files: readonly WantedService[]): DrainView {
  const wanted = new Map(files.map(({ spec, destinations }) => [serviceId(spec.key), destinations]));
  return view.map((service) => {
    const there = new Set(service.servers.map(({ key }) => destinationId(key)));
    const out = (wanted.get(serviceId(service.key)) ?? []).filter((server) => !there.has(destinationId(server)));
    return { ...service, servers: [...service.servers, ...out.map((key) => ({ key, configured: 0, held: true }))] };
  });
}

/** `instances`: as of checkDrain. @throws WeirError as checkDrain */
export function planDrain(record: DrainRecord, request: DrainRequest, view: DrainView, instances: readonly string[] = []): DrainPlan {
  checkDrain(record, request, view, instances);
  const target = parseDrainTarget(request.target);
  if (target === undefined) throw new WeirError('drain-target', { given: request.target });
  if (target.kind === 'director') return { target: drainTargetWord(target), also: [], services: [], instances };
  const also = groupTargets(target, view);
  const targets = [target, ...also];
  const services = view.flatMap(({ key, servers }): DrainedService[] => {
    const drained = servers.filter((server) => targets.some((one) => isTargeted(one, key, server.key)));
    if (drained.length === 0) return [];
    const left = servers.filter((server) => server.configured > 0 && !server.held && !drained.includes(server));
    const words = (all: typeof servers): readonly string[] => all.map((server) => endpointText(server.key));
    return [{ service: serviceWord(key), drained: words(drained), left: words(left), capacity: shareOf(left, servers) }];
  });
  return { target: drainTargetWord(target), also: also.map(drainTargetWord), services };
}
