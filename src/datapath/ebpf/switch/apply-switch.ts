// Makes content switching as a plan has it: the services with their servers, the program, its rules.
import { WeirError } from '../../../model/errors/weir-error.js';
import { sameDestination, sameService } from '../../../model/identity.js';
import type { SwitchListener, SwitchPlan, SwitchServer } from '../../../model/layer7/switch-plan.js';
import { type DestinationEntry, type DestinationSpec, PLAIN_TUNNEL, type ServiceEntry, type ServiceKey } from '../../../model/service.js';
import { applyChange } from '../../apply-change.js';
import type { EbpfDirector } from '../ebpf-director.js';
import { DestinationIndex } from '../table/destination-index.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { liveService } from '../table/table-entries.js';
import { endpointIn, familyPin, hasSwitch, switchFamilies, switchRecords, withSwitchMap } from './switch-maps.js';
import { kernelTypes, switchLacks } from './switch-needs.js';
import { checkAttachments, ensureSwitch, removeSwitch } from './switch-programs.js';
import { configuredWeights, openListeners, writeRules } from './switch-rules.js';

const SCHEDULER = 'wlc';

const keyOf = ({ address, port }: { readonly address: SwitchListener['address']; readonly port: number }): ServiceKey => ({
  kind: 'address',
  protocol: 'tcp',
  address,
  port,
});

const destinationOf = ({ address, port, weight }: SwitchServer): DestinationSpec => ({
  address,
  port,
  weight,
  method: 'masq',
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: PLAIN_TUNNEL,
});

/** The services that are switched now. */
export function switchedServices(folder: string): readonly ServiceKey[] {
  return switchFamilies(folder).flatMap((family) => {
    const { SwitchListenerKey } = switchRecords(family);
    return withSwitchMap(folder, familyPin(family, 'listeners'), (map) =>
      [...map.keys()].map((key) => keyOf(endpointIn(SwitchListenerKey, key))),
    );
  });
}

/** By the plan of before; undefined: it had no such server. */
type ConfiguredWeight = (server: SwitchServer) => number | undefined;

/**
 * The weight of a server that is there. What checks, feedback, drains or people made of it stays until the file has another weight; 0 stays in any
 * case, since it drains.
 */
function weightOf({ spec }: DestinationEntry, server: SwitchServer, configured: ConfiguredWeight): number {
  const isSame = (configured(server) ?? spec.weight) === server.weight;
  return spec.weight === 0 || isSame ? spec.weight : server.weight;
}

/** The service gets the servers of the plan, and no others. */
function makeService(director: EbpfDirector, listener: SwitchListener, was: ServiceEntry | undefined, configured: ConfiguredWeight): void {
  const key = keyOf(listener);
  if (was === undefined)
    applyChange(director, { kind: 'add-service', spec: { key, scheduler: SCHEDULER, schedFlags: 0, onePacket: false } });
  const known = was?.destinations ?? [];
  for (const server of listener.servers) {
    const there = known.find((each) => sameDestination(each.spec, server));
    if (there === undefined) applyChange(director, { kind: 'add-destination', service: key, spec: destinationOf(server) });
    else if (weightOf(there, server, configured) !== there.spec.weight)
      applyChange(director, { kind: 'edit-destination', service: key, spec: { ...there.spec, weight: server.weight } });
  }
  for (const { spec } of known)
    if (!listener.servers.some((server) => sameDestination(spec, server))) director.deleteDestination(key, spec);
}

/** Those of the keys that are there: someone else may have deleted others. */
function deleteServices(director: EbpfDirector, keys: readonly ServiceKey[], services: readonly ServiceEntry[]): void {
  for (const key of keys) if (services.some(({ spec }) => sameService(spec.key, key))) director.deleteService(key);
}

/**
 * Without the addresses of listeners on all of them that are taken: that someone else has made a service of.
 * @throws WeirError switch-service-taken: a listener's address is taken, or all are
 */
function withoutTaken(plan: SwitchPlan, services: readonly ServiceEntry[], before: readonly ServiceKey[]): SwitchPlan {
  const isTaken = (listener: SwitchListener): boolean => {
    const key = keyOf(listener);
    return services.some(({ spec }) => sameService(spec.key, key)) && !before.some((each) => sameService(each, key));
  };
  const listeners = plan.listeners.filter((listener) => !listener.isOfAll || !isTaken(listener));
  const taken = listeners.find(isTaken) ?? (listeners.length === 0 ? plan.listeners[0] : undefined);
  if (taken !== undefined) throw new WeirError('switch-service-taken', { name: taken.name });
  return { ...plan, listeners };
}

/**
 * The plan as it is applied: withoutTaken.
 * @throws WeirError switch-service-taken, as there
 * @throws WeirError switch-needs-kernel, before anything is changed. `types`: of the kernel (switch-needs.ts)
 * @throws as checkAttachments, ensureSwitch
 */
export function applySwitch(director: EbpfDirector, wanted: SwitchPlan, types = kernelTypes()): SwitchPlan {
  const lacks = switchLacks(types);
  if (lacks.length > 0) throw new WeirError('switch-needs-kernel', { why: lacks.join(', ') });
  return director.exclusively(() => {
    const { tables } = director;
    const before = switchedServices(tables.folder);
    const services = director.services();
    const plan = withoutTaken(wanted, services, before);
    checkAttachments(tables.folder);
    const ofIpv6 = plan.listeners.find(({ address: { family } }) => family === 'inet6');
    if (ofIpv6 !== undefined) director.ensureBuilds({ key: keyOf(ofIpv6) }); // its tables
    ensureSwitch(tables, { ipv6: ofIpv6 !== undefined });
    openListeners(tables.folder, plan);
    const configured = configuredWeights(tables.folder);
    for (const listener of plan.listeners) {
      makeService(
        director,
        listener,
        services.find(({ spec }) => sameService(spec.key, keyOf(listener))),
        configured,
      );
    }
    // Before the rules: by its listener, which they end, the next apply knows what this one leaves if it is killed here.
    const old = before.filter((key) => !plan.listeners.some((listener) => sameService(keyOf(listener), key)));
    deleteServices(director, old, services);
    const [endpoints, index] = [new EndpointTable(tables), new DestinationIndex(tables)];
    writeRules(tables.folder, plan, {
      serviceOf: (listener) => liveService(tables, endpoints, keyOf(listener)),
      destinationOf: (service, server) => index.live(service, server),
    });
    return plan;
  });
}

/** Nothing is switched any more; connections that were end. False: nothing was. */
export function clearSwitch(director: EbpfDirector): boolean {
  return director.exclusively(() => {
    const { folder } = director.tables;
    if (!hasSwitch(folder)) return false;
    const keys = switchedServices(folder);
    deleteServices(director, keys, director.services());
    removeSwitch(folder);
    return true;
  });
}
