// The persistence of a service, in its record: two places, one of which counts, by a flag of the service. So the store of the flags changes it
// together with the scheduler.
import type { Persistence, ServiceSpec } from '../../../model/service.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap32 } from '../../../wire/bytes.js';
import { Service } from '../abi.gen.js';
import { TemplateAbi } from '../template.gen.js';

const MASK_SHIFT = BigInt(TemplateAbi.PERSISTENCE_MASK_SHIFT);

/** Writes the persistence to the place that does not count. Returns the flags that make it count. */
export function writePersistence(services: Records, id: number, { persistence }: ServiceSpec): number {
  if (persistence === undefined) return 0;
  const { timeout, netmask } = persistence;
  const isFirst = (services.get(id, Service.flags) & TemplateAbi.SVC_PERSISTENCE_SECOND) !== 0;
  services.setBig(id, Service.persistence, BigInt(timeout) | (BigInt(swap32(netmask)) << MASK_SHIFT), isFirst ? 0 : 1);
  return TemplateAbi.SVC_PERSISTENT | (isFirst ? 0 : TemplateAbi.SVC_PERSISTENCE_SECOND);
}

/** `flags`: of the service. undefined: it is not persistent. */
export function readPersistence(services: Records, id: number, flags: number): Persistence | undefined {
  if ((flags & TemplateAbi.SVC_PERSISTENT) === 0) return undefined;
  const word = services.big(id, Service.persistence, flags & TemplateAbi.SVC_PERSISTENCE_SECOND ? 1 : 0);
  return { timeout: Number(word & 0xffffffffn), netmask: swap32(Number(word >> MASK_SHIFT)) };
}
