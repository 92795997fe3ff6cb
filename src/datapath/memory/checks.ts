// What the kernel refuses, as pure checks: the errno matrix of IPVS for services and destinations.

import { WeirError } from '../../model/errors/weir-error.js';
import { checkFullnat } from '../../model/fullnat.js';
import { serviceFamily } from '../../model/identity.js';
import { checkEngine } from '../../model/persistence-engine.js';
import { schedulerNamed } from '../../model/schedulers.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../model/service.js';
import { isUnicast } from '../../model/unicast-address.js';

/** As the kernel that the recorded transcripts come from. `none` stands for a service without one. */
const hasScheduler = (name: string): boolean => {
  const entry = schedulerNamed(name);
  return name === 'none' || (entry !== undefined && entry.newerKernels === undefined);
};

/** @throws WeirError scheduler-unknown, persistence-engine-unknown, persistence-mask */
export function checkService(spec: ServiceSpec): void {
  if (!hasScheduler(spec.scheduler)) throw new WeirError('scheduler-unknown', { scheduler: spec.scheduler });
  checkEngine(spec.persistence?.engine);
  const prefix = spec.persistence?.netmask;
  if (serviceFamily(spec.key) === 'inet6' && prefix !== undefined && (prefix < 1 || prefix > 128)) {
    throw new WeirError('persistence-mask', { length: prefix });
  }
}

/** @throws WeirError of what a destination cannot be */
export function checkDestination(service: ServiceKey, spec: DestinationSpec): void {
  if (spec.weight < 0) throw new WeirError('weight-negative', { weight: spec.weight });
  if (spec.lowerThreshold > spec.upperThreshold) throw new WeirError('thresholds-crossed');
  if (spec.tunnel.type === 'gue' && spec.method === 'tunnel' && spec.tunnel.port === 0) throw new WeirError('gue-without-port');
  if (spec.address.family !== serviceFamily(service) && spec.method !== 'tunnel') throw new WeirError('destination-family');
  checkFullnat(service, spec);
  if (!isUnicast(spec.address)) throw new WeirError('destination-not-unicast');
}
