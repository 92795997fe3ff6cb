// What the kernel refuses, as pure checks: the errno matrix of IPVS for services and destinations.
import type { Address } from '../../model/address.js';
import { serviceFamily } from '../../model/identity.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../model/service.js';
import { Refusal } from '../director.js';

/** Schedulers by the kernel's names. `none` stands for a service without one. `twos` is of newer kernels. */
const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq', 'fo', 'ovf', 'none'];
const engines = ['sip'];

/** @throws Refusal ENOENT or EINVAL */
export function checkService(spec: ServiceSpec): void {
  if (!schedulers.includes(spec.scheduler)) throw new Refusal('ENOENT', `no scheduler ${spec.scheduler}`);
  const engine = spec.persistence?.engine;
  if (engine !== undefined && !engines.includes(engine)) throw new Refusal('ENOENT', `no persistence engine ${engine}`);
  const prefix = spec.persistence?.netmask;
  if (serviceFamily(spec.key) === 'inet6' && prefix !== undefined && (prefix < 1 || prefix > 128)) {
    throw new Refusal('EINVAL', `no prefix length ${prefix}`);
  }
}

/** Whether the kernel takes an address for a server: unicast, and with IPv6 not link-local. */
function isUnicast({ family, words }: Address): boolean {
  const first = words[0] ?? 0;
  if (family === 'inet') return first >>> 24 !== 0 && first >>> 28 !== 0xe && first !== 0xffffffff; // class E counts as unicast
  const unspecified = words.every((word) => word === 0);
  return !unspecified && first >>> 24 !== 0xff && first >>> 22 !== 0xfe80 >>> 6;
}

/** @throws Refusal ERANGE or EINVAL */
export function checkDestination(service: ServiceKey, spec: DestinationSpec): void {
  if (spec.weight < 0) throw new Refusal('ERANGE', `weight ${spec.weight}`);
  if (spec.lowerThreshold > spec.upperThreshold) throw new Refusal('ERANGE', 'lower threshold above the upper one');
  if (spec.tunnel.type === 'gue' && spec.method === 'tunnel' && spec.tunnel.port === 0) throw new Refusal('EINVAL', 'gue without a port');
  if (spec.address.family !== serviceFamily(service) && spec.method !== 'tunnel') throw new Refusal('EINVAL', 'another address family');
  if (!isUnicast(spec.address)) throw new Refusal('EINVAL', 'not a unicast address');
}
