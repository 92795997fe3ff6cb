// What no director accepts in a destination, whatever its table holds.
import { WeirError } from './errors/weir-error.js';
import { checkFullnat } from './fullnat.js';
import { serviceFamily } from './identity.js';
import type { DestinationSpec, ServiceKey } from './service.js';
import { isUnicast } from './unicast-address.js';

/** @throws WeirError of what a destination cannot be */
export function checkDestination(service: ServiceKey, spec: DestinationSpec): void {
  if (spec.weight < 0) throw new WeirError('weight-negative', { weight: spec.weight });
  if (spec.lowerThreshold > spec.upperThreshold) throw new WeirError('thresholds-crossed');
  if (spec.tunnel.type === 'gue' && spec.method === 'tunnel' && spec.tunnel.port === 0) throw new WeirError('gue-without-port');
  if (spec.address.family !== serviceFamily(service) && spec.method !== 'tunnel') throw new WeirError('destination-family');
  checkFullnat(service, spec);
  if (!isUnicast(spec.address)) throw new WeirError('destination-not-unicast');
}
