// What the kernel refuses, as pure checks: the errno matrix of IPVS for services.

import { WeirError } from '../../model/errors/weir-error.js';
import { serviceFamily } from '../../model/identity.js';
import { checkEngine } from '../../model/persistence-engine.js';
import { schedulerNamed } from '../../model/schedulers.js';
import type { ServiceSpec } from '../../model/service.js';

/** As the kernel that the recorded transcripts come from. `none` stands for a service without one. */
const hasScheduler = (name: string): boolean => {
  const entry = schedulerNamed(name);
  return name === 'none' || (entry !== undefined && entry.newerKernels === undefined);
};

/** @throws WeirError scheduler-unknown, persistence-engine-unknown, persistence-mask */
export function checkService(spec: ServiceSpec): void {
  if (!hasScheduler(spec.scheduler)) throw new WeirError('scheduler-unknown', { scheduler: spec.scheduler });
  checkEngine(spec);
  const prefix = spec.persistence?.netmask;
  if (serviceFamily(spec.key) === 'inet6' && prefix !== undefined && (prefix < 1 || prefix > 128)) {
    throw new WeirError('persistence-mask', { length: prefix });
  }
}
