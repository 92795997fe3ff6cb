// Addresses that the kernel deletes together with the first one of their network. They are noted before, and put back: by the process that deleted
// that one, or by the next that changes VIPs where it was killed in between, which asks the network first: another host may have them by then.
import { interfaceName } from '../../control/vip/plan.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { isRecord, parseJson } from '../../model/json.js';
import { unlessCode } from '../../sys/errno.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { AddressFlag, addAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { StateFile } from '../state-file.js';
import { observeVipHost } from './observed-host.js';
import { rivalsOf } from './vip-network.js';

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

const note = (heirs: readonly InterfaceAddress[]): void =>
  file().write(heirs.length === 0 ? undefined : `${JSON.stringify({ format: FORMAT, heirs })}\n`);

/** Whether a process was killed while it deleted an address that has some. @throws SystemError */
export const hasNotedHeirs = (): boolean => file().read() !== undefined;

/** An address that was there: the kernel decides again whether it is the first one of its network. @throws SystemError */
export function putBack(netlink: Netlink, raw: InterfaceAddress): void {
  const { address, flags } = raw;
  const again = address.family === 'inet' ? { ...raw, flags: flags & ~AddressFlag.secondary } : raw;
  netlink.change(addAddress(again), `put ${formatAddress(address)} back`);
}

const putHeirsBack = (netlink: Netlink, heirs: readonly InterfaceAddress[]): void => {
  for (const heir of heirs) unlessCode(() => putBack(netlink, heir), ['EEXIST', 'ENODEV'], undefined);
};

/**
 * Puts back what an earlier process has noted and is missing, unless another host has it; `warn`: of that. What is on an interface that is gone is
 * forgotten; where one is down the network cannot be asked: the note stays. @throws WeirError state-file-damaged; SystemError
 */
export function putNotedBack(netlink: Netlink, warn: (text: string) => void): void {
  const noted = notedHeirs();
  if (noted.length === 0) return;
  const host = observeVipHost(netlink);
  const missing = noted.filter(
    (heir) => !host.addresses.some(({ ifindex, address }) => ifindex === heir.ifindex && sameAddress(address, heir.address)),
  );
  const isOn = ({ ifindex }: InterfaceAddress, wanted: boolean): boolean =>
    host.interfaces.some((link) => link.ifindex === ifindex && link.up === wanted);
  const askable = missing.filter((heir) => isOn(heir, true));
  const beside = (at: number) => askable.filter(({ ifindex }) => ifindex === at).map(({ address }) => address);
  const rivals = rivalsOf(host, new Map(askable.map(({ ifindex }) => [ifindex, beside(ifindex)])));
  const rivalOf = (heir: InterfaceAddress) =>
    rivals.find(({ ifindex, address }) => ifindex === heir.ifindex && sameAddress(address, heir.address));
  for (const heir of askable) {
    const rival = rivalOf(heir);
    if (rival === undefined) continue;
    const place = `${formatAddress(heir.address)} of ${interfaceName(host, heir.ifindex)}`;
    warn(`${place}, which went with a VIP that a killed command removed, is not put back: ${rival.mac} has it`);
  }
  putHeirsBack(
    netlink,
    askable.filter((heir) => rivalOf(heir) === undefined),
  );
  note(missing.filter((heir) => isOn(heir, false)));
}

/** `take` deletes the first address of their network. @throws WeirError state-file-damaged; SystemError; as `take` */
export function keepingHeirs(netlink: Netlink, heirs: readonly InterfaceAddress[], take: () => void): void {
  if (heirs.length === 0) {
    take();
    return;
  }
  const earlier = notedHeirs();
  note([...earlier, ...heirs]);
  take();
  putHeirsBack(netlink, heirs);
  note(earlier);
}
