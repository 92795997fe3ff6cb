// Which packets a router is handed to see whether it sends them to this host: for each VIP of its subnet, and for this host's own address,
// as the control. Pure.
import type { Address } from '../../../model/address.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { contains } from '../../../model/subnet.js';
import type { ClientFact, HostFacts, ServiceFact } from '../../facts.js';
import type { NextHop } from './next-hop.js';
import { elsewhereOf } from './probe-plan.js';
import type { ReflectionQuestion } from './reflections.js';

/** `clients`: each has a VIP that is here, and the router to them. */
export function reflectionQuestions(
  host: HostFacts,
  services: readonly ServiceFact[],
  clients: readonly ClientFact[],
  hopOf: (to: Address) => NextHop | undefined,
): readonly ReflectionQuestion[] {
  const found = new Map<string, ReflectionQuestion>();
  const add = (question: ReflectionQuestion): void =>
    void found.set(`${[question.router, question.source, question.target].map(addressId).join(' ')} ${question.port ?? 'echo'}`, question);
  for (const { vip, path } of clients) {
    const { gateway: router, ifindex } = path;
    const hop = router === undefined ? undefined : hopOf(router);
    if (router === undefined || hop === undefined || hop.ifindex !== ifindex) continue;
    // A router with an address in the VIP's subnet asks for it by ARP; by which router clients come to others is not known.
    const near = host.addresses.some(
      (one) => one.ifindex === ifindex && one.prefixLength < 32 && contains(one, vip) && contains(one, router),
    );
    const here = host.addresses.some(({ address }) => sameAddress(address, vip));
    if (!near || !here || sameAddress(hop.source, vip)) continue;
    const port = services.flatMap(({ spec: { key } }) =>
      key.kind === 'address' && key.protocol === 'tcp' && key.port !== 0 && sameAddress(key.address, vip) ? [key.port] : [],
    )[0];
    if (port === undefined) continue; // A filter that lets UDP alone through would look like a wrong route.
    add({ router, hop, source: hop.source, target: vip });
    add({ router, hop, source: hop.source, target: vip, port });
    add({ router, hop, source: vip, target: hop.source });
    add({ router, hop, source: elsewhereOf(hop.source), target: hop.source });
  }
  return [...found.values()];
}
