// The persistence of a service, in its record: two places, one of which counts, by a flag of the service. So the store of the flags changes it
// together with the scheduler.
import { serviceFamily } from '../../../model/identity.js';
import { SIP } from '../../../model/persistence-engine.js';
import type { Persistence, ServiceSpec } from '../../../model/service.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap32 } from '../../../wire/bytes.js';
import { Service } from '../abi.gen.js';
import { CallAbi } from '../call.gen.js';
import { TemplateAbi } from '../template.gen.js';
import { isIpv6 } from './record-address.js';

const MASK_SHIFT = BigInt(TemplateAbi.PERSISTENCE_MASK_SHIFT);

/** A mask of IPv4 is recorded in the order of a packet, the length of an IPv6 prefix as it is. From either form to the other one. */
const otherForm = (netmask: number, ipv6: boolean): number => (ipv6 ? netmask : swap32(netmask));

/** Writes the persistence to the place that does not count. Returns the flags that make it count. Without one the last stays there, for its templates. */
export function writePersistence(services: Records, id: number, { key, persistence, idleEngine }: ServiceSpec): number {
  const place = services.get(id, Service.flags) & TemplateAbi.SVC_PERSISTENCE_SECOND;
  if (persistence === undefined) return place | (idleEngine === undefined ? 0 : CallAbi.SVC_SIP_IDLE);
  const { timeout, netmask, engine } = persistence;
  const isFirst = place !== 0;
  const recorded = BigInt(otherForm(netmask, serviceFamily(key) === 'inet6'));
  services.setBig(id, Service.persistence, BigInt(timeout) | (recorded << MASK_SHIFT), isFirst ? 0 : 1);
  return TemplateAbi.SVC_PERSISTENT | (isFirst ? 0 : TemplateAbi.SVC_PERSISTENCE_SECOND) | (engine === undefined ? 0 : CallAbi.SVC_SIP);
}

const recordedPersistence = (services: Records, id: number, flags: number): bigint =>
  services.big(id, Service.persistence, flags & TemplateAbi.SVC_PERSISTENCE_SECOND ? 1 : 0);

const netmaskOf = (services: Records, id: number, word: bigint): number =>
  otherForm(Number(word >> MASK_SHIFT), isIpv6(services, Service, id));

/** The netmask of its persistence, or of its last one. `flags`: of the service. undefined: it was never persistent. */
export function lastNetmask(services: Records, id: number, flags: number): number | undefined {
  const word = recordedPersistence(services, id, flags);
  return word === 0n ? undefined : netmaskOf(services, id, word);
}

/** `flags`: of the service. undefined: it is not persistent. */
export function readPersistence(services: Records, id: number, flags: number): Persistence | undefined {
  if ((flags & TemplateAbi.SVC_PERSISTENT) === 0) return undefined;
  const word = recordedPersistence(services, id, flags);
  const netmask = netmaskOf(services, id, word);
  const engine = (flags & CallAbi.SVC_SIP) === 0 ? {} : { engine: SIP };
  return { timeout: Number(word & 0xffffffffn), netmask, ...engine };
}
