// Addresses that the kernel deletes together with the first one of their network. They are noted before, and put back: by the process that deleted
// that one, or by the next that changes VIPs where it was killed in between.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isRecord, parseJson } from '../../model/json.js';
import { unlessCode } from '../../sys/errno.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { AddressFlag, addAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { StateFile } from '../state-file.js';

const FORMAT = 1;

const file = (): StateFile => new StateFile('vip', '_heirs');

const isWords = (value: unknown, length: number): boolean =>
  Array.isArray(value) && value.length === length && value.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);

const isAddress = (value: unknown): value is Address =>
  isRecord(value) && (value['family'] === 'inet' ? isWords(value['words'], 1) : value['family'] === 'inet6' && isWords(value['words'], 4));

function isHeir(value: unknown): value is InterfaceAddress {
  if (!isRecord(value)) return false;
  const { ifindex, address, prefixLength, scope, flags, label, broadcast, peer } = value;
  return (
    [ifindex, prefixLength, scope, flags].every(Number.isInteger) &&
    isAddress(address) &&
    (label === undefined || typeof label === 'string') &&
    [broadcast, peer].every((one) => one === undefined || isAddress(one))
  );
}

/** Those that a killed process may have left deleted. @throws WeirError state-file-damaged; SystemError */
function notedHeirs(): readonly InterfaceAddress[] {
  const text = file().read();
  if (text === undefined) return [];
  const value = parseJson(text);
  const heirs = isRecord(value) && value['format'] === FORMAT && Array.isArray(value['heirs']) ? value['heirs'] : undefined;
  if (heirs === undefined || !heirs.every(isHeir)) throw new WeirError('state-file-damaged', { path: file().path });
  return heirs;
}

/** Whether a process was killed while it deleted an address that has some. @throws SystemError */
export const hasNotedHeirs = (): boolean => file().read() !== undefined;

/** An address that was there: the kernel decides again whether it is the first one of its network. @throws SystemError */
export function putBack(netlink: Netlink, raw: InterfaceAddress): void {
  const { address, flags } = raw;
  const again = address.family === 'inet' ? { ...raw, flags: flags & ~AddressFlag.secondary } : raw;
  netlink.change(addAddress(again), `put ${formatAddress(address)} back`);
}

/** Puts back what is noted and is missing; what is on an interface that is gone is forgotten. @throws WeirError state-file-damaged; SystemError */
export function putHeirsBack(netlink: Netlink): void {
  for (const heir of notedHeirs()) unlessCode(() => putBack(netlink, heir), ['EEXIST', 'ENODEV'], undefined);
  file().write(undefined);
}

/** `take` deletes the first address of their network. @throws SystemError; as `take` */
export function keepingHeirs(netlink: Netlink, heirs: readonly InterfaceAddress[], take: () => void): void {
  if (heirs.length === 0) {
    take();
    return;
  }
  file().write(`${JSON.stringify({ format: FORMAT, heirs })}\n`);
  take();
  putHeirsBack(netlink);
}
