// Collects everything that a real server's rules need, and asks by ARP which hosts hold the VIPs and the gateways.

import { probeArp } from '../../host/arp.js';
import type { Address } from '../../model/address.js';
import type { HostFacts, RealServerFacts, ServerMethod } from '../facts.js';
import { clusterInterfaces, isLoopback } from '../network.js';

/** The addresses on lo that can only be VIPs: /32, and not 127/8. */
export function vipsOnLoopback(host: HostFacts): readonly Address[] {
  const loopbacks = host.interfaces.filter(isLoopback).map(({ ifindex }) => ifindex);
  return host.addresses
    .filter(
      ({ ifindex, prefixLength, address }) => loopbacks.includes(ifindex) && prefixLength === 32 && (address.words[0] ?? 0) >>> 24 !== 127,
    )
    .map(({ address }) => address);
}

export interface RealServerOptions {
  readonly method: ServerMethod;
  readonly vips: readonly Address[];
  readonly dip?: Address;
}

/** @throws SystemError */
export function collectRealServer(host: HostFacts, { method, vips, dip }: RealServerOptions): RealServerFacts {
  const gateways = host.defaultRoutes.flatMap(({ gateway }) => gateway ?? []);
  const questions = clusterInterfaces(host).flatMap(({ ifindex, mac }) =>
    mac === undefined ? [] : [{ ifindex, mac, addresses: [...vips, ...gateways] }],
  );
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  const holders = probeArp(questions, own)
    .filter(({ kind }) => kind === 'holds')
    .map(({ ifindex, address, mac }) => ({ ifindex, address, mac }));
  return { ...host, role: 'rs', method, vips, ...(dip === undefined ? {} : { dip }), holders, notExamined: [] };
}
