// Ports of GUE and FOU: generic netlink's family "fou" (linux/fou.h).
//
//     command (1), version (1), 2 bytes 0, then attributes: 1 port (2, big-endian), 2 address family (1), 4 type (1: 2 is GUE)
import type { Family } from '../model/address.js';
import { concat, viewOf } from './bytes.js';
import { type Attribute, attributeMap, encodeAttributes, NetlinkFlag, type NetlinkRequest } from './netlink.js';

export const FOU_FAMILY = 'fou';
const [FOU_ADD, FOU_DELETE, FOU_GET] = [1, 2, 3];
const FOU_VERSION = 1;
const PORT = 1;
const FAMILY = 2;
const TYPE = 4;
const GUE = 2;
const FAMILIES = { inet: 2, inet6: 10 } as const;

export interface GuePort {
  readonly family: Family;
  readonly port: number;
}

const fouMessage = (command: number, attributes: readonly Attribute[]): Uint8Array =>
  concat(Uint8Array.of(command, FOU_VERSION, 0, 0), encodeAttributes(attributes));

const portAttributes = ({ family, port }: GuePort): readonly Attribute[] => [
  { type: PORT, payload: Uint8Array.of(port >> 8, port & 0xff) },
  { type: FAMILY, payload: Uint8Array.of(FAMILIES[family]) },
];

/** `number`: of the family, which may differ after every boot. */
export const addGuePort = (number: number, port: GuePort): NetlinkRequest => ({
  type: number,
  flags: 0,
  payload: fouMessage(FOU_ADD, [...portAttributes(port), { type: TYPE, payload: Uint8Array.of(GUE) }]),
});

export const deleteGuePort = (number: number, port: GuePort): NetlinkRequest => ({
  type: number,
  flags: 0,
  payload: fouMessage(FOU_DELETE, portAttributes(port)),
});

export const dumpGuePorts = (number: number): NetlinkRequest => ({
  type: number,
  flags: NetlinkFlag.dump,
  payload: fouMessage(FOU_GET, []),
});

/** Undefined: a port that is not GUE's. */
export function decodeGuePort(payload: Uint8Array): GuePort | undefined {
  const attributes = payload.length < 4 ? undefined : attributeMap(payload.subarray(4));
  const port = attributes?.get(PORT);
  if (attributes === undefined || port?.length !== 2 || attributes.get(TYPE)?.[0] !== GUE) return undefined;
  return { family: attributes.get(FAMILY)?.[0] === FAMILIES.inet6 ? 'inet6' : 'inet', port: viewOf(port).getUint16(0) };
}
