// What each side build is tried by.
import type { Family } from '../../../model/address.js';
import type { SideCheck } from './side-check.js';
import { makeIpv6Vectors, makeIpv6XdpVectors, STAGE_IPV6 } from './vectors/ipv6.js';
import { makeSctpVectors, makeWideSctpVectors, sctpStage, wideSctpStage } from './vectors/sctp.js';
import { clientHop } from './vectors/vector.js';
import { makeWideVectors, wideStage } from './vectors/wide.js';

export const ipv6Check: SideCheck = {
  label: 'IPv6',
  client: clientHop('inet6'),
  services: () => STAGE_IPV6,
  vectors: makeIpv6Vectors,
};

export const ipv6XdpCheck: SideCheck = { ...ipv6Check, label: 'IPv6 by XDP', shortCut: true, vectors: makeIpv6XdpVectors };

export const wideCheck = (family: Family): SideCheck => ({
  label: family === 'inet' ? 'all ports' : 'all ports, IPv6',
  client: clientHop(family),
  services: () => wideStage(family),
  vectors: () => makeWideVectors(family),
});

export const sctpCheck = (family: Family): SideCheck => ({
  label: family === 'inet' ? 'SCTP' : 'SCTP, IPv6',
  client: clientHop(family),
  services: () => sctpStage(family),
  vectors: () => makeSctpVectors(family),
});

export const wideSctpCheck = (family: Family): SideCheck => ({
  label: family === 'inet' ? 'SCTP, all ports' : 'SCTP, all ports, IPv6',
  client: clientHop(family),
  services: () => wideSctpStage(family),
  vectors: () => makeWideSctpVectors(family),
});
