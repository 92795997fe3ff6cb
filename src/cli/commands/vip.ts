// weir vip: reads the command line, adds, removes or examines the VIP, and prints what was done.

import { realpathSync } from 'node:fs';
import { vipPersistFiles, vipPersistPaths } from '../../control/vip/persist-files.js';
import type { SavedVip } from '../../control/vip/plan.js';
import { initOf, reloadUnits, removePersistFiles, writePersistFiles } from '../../host/persist.js';
import { addVip, deleteVip, statusOfVip, type VipStatus } from '../../host/vip/vip.js';
import { vrrpVips } from '../../host/vrrp-vips.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { addressId } from '../../model/identity.js';
import { command, expectWords, rootFolder } from '../command.js';
import { oneLine } from '../failure.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readVip } from '../read-vips.js';

const USAGE = `usage: weir vip add    ADDR[/LEN] --dev IF [--label IF:N] [--persist] [--force]   after probing that no other host has it
       weir vip del    ADDR --dev IF [--persist]                        remove what add added
       weir vip status ADDR --dev IF [--json]     exit status 0: here, 1: here, and another host answers too, 3: not here
       --persist also writes (del: removes) what adds it again at boot
       --root DIR writes (del: removes) that below DIR, for an image, and changes nothing else
       --force adds an address of a keepalived.conf that no running keepalived uses, or where that cannot be known
`;

const TYPES = { dev: 'value', label: 'value', persist: 'flag', root: 'value', force: 'flag', json: 'flag' } as const;
type VipFlags = Flags<typeof TYPES>;

interface Target {
  readonly address: Address;
  readonly prefixLength: number;
  readonly interface: string;
}

/** `ADDR` or `ADDR/LEN`; /32 or /128 by default. @throws WeirError argument-…, option-missing */
function readTarget(text: string, flags: VipFlags): Target {
  const [, host = '', length] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  const address = readVip(host);
  const lengthMax = address.family === 'inet' ? 32 : 128;
  if (length !== undefined && (!/^[1-9][0-9]{0,2}$/.test(length) || Number(length) > lengthMax)) {
    throw new WeirError('argument-value', { expected: `a prefix length (1 to ${lengthMax})`, given: length });
  }
  if (flags.dev === undefined) throw new WeirError('option-missing', { option: '--dev' });
  return { address, prefixLength: length === undefined ? lengthMax : Number(length), interface: flags.dev };
}

/** The command that starts this weir again at boot. */
function ownCommand(): readonly string[] {
  return [process.execPath, realpathSync(process.argv[1] ?? ''), 'weir'];
}

async function printFiles(io: Io, root: string, verb: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) io.out(`${verb} ${path}\n`);
  const trouble = paths.length === 0 ? undefined : await reloadUnits(root);
  if (trouble !== undefined) io.err(`weir vip: ${oneLine(trouble)}\n`);
}

/** @throws WeirError vip-of-vrrp: added on a standby, the address would be on both nodes; vip-perhaps-of-vrrp */
function refuseVrrp({ address: wanted }: Target, force: boolean): void {
  const found = vrrpVips([wanted]).get(addressId(wanted));
  const address = formatAddress(wanted);
  if (found?.kind === 'managed' && !(force && !found.running)) throw new WeirError('vip-of-vrrp', { ...found, address });
  if (found?.kind === 'unknown' && !force) throw new WeirError('vip-perhaps-of-vrrp', { ...found, address });
}

const vipText = ({ address, prefixLength, interface: name, label }: SavedVip) =>
  `${address}/${prefixLength} on ${name}${label === undefined ? '' : ` (${label})`}`;

const warningOf =
  (io: Io) =>
  (text: string): void =>
    io.err(`weir vip: ${text}\n`);

const persist = (io: Io, root: string, vip: SavedVip, { force }: VipFlags): Promise<void> =>
  printFiles(io, root, 'wrote', writePersistFiles(root, vipPersistFiles({ vip, force: force === true }, ownCommand(), initOf(root))));

async function add(target: Target, flags: VipFlags, io: Io): Promise<number> {
  const label = flags.label === undefined ? {} : { label: flags.label };
  const root = rootFolder(flags);
  if (root !== '') {
    await persist(io, root, { ...target, ...label, address: formatAddress(target.address) }, flags);
    return 0;
  }
  refuseVrrp(target, flags.force === true);
  const { vip, how } = addVip({ ...target, ...label }, warningOf(io));
  const done = how === 'added' ? `added ${vipText(vip)}, announced` : `${vipText(vip)} is there already`;
  io.out(`${done}${how === 'foreign' ? '; weir did not add it and will not remove it' : ''}\n`);
  if (flags.persist === true) await persist(io, '', vip, flags);
  return 0;
}

async function remove(target: Target, flags: VipFlags, io: Io): Promise<number> {
  const text = formatAddress(target.address);
  const root = rootFolder(flags);
  if (root === '') {
    const isRemoved = deleteVip(target.address, target.interface, warningOf(io));
    io.out(isRemoved ? `removed ${text} from ${target.interface}\n` : `${text} is not on ${target.interface}\n`);
  }
  if (root !== '' || flags.persist === true) await printFiles(io, root, 'removed', removePersistFiles(root, vipPersistPaths(text)));
  return 0;
}

function statusText(status: VipStatus): string {
  const { address, interface: name, present, prefixLength, label, addedByWeir, rivals } = status;
  const labelText = address.includes(':') ? '' : ` (${label ?? 'no label'})`;
  const here = `${address}/${prefixLength} on ${name}${labelText}${addedByWeir ? ', added by weir' : ''}`;
  return [present ? here : `${address} is not on ${name}`, ...rivals.map((mac) => `${mac} answers for it${present ? ' too' : ''}`)]
    .map((line) => `${line}\n`)
    .join('');
}

function status(target: Target, flags: VipFlags, io: Io): number {
  const found = statusOfVip(target.address, target.interface);
  io.out(flags.json === true ? `${JSON.stringify(found)}\n` : statusText(found));
  return !found.present ? 3 : found.rivals.length > 0 ? 1 : 0;
}

const ACTIONS = { add, del: remove, status };

export const run = command({ name: 'weir vip', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  const [verb, text] = words;
  if (verb === undefined) throw new WeirError('usage', { usage: USAGE });
  if (!Object.hasOwn(ACTIONS, verb)) throw new WeirError('action-unknown', { given: verb, known: 'add, del or status' });
  if (text === undefined) throw new WeirError('argument-missing', { expected: 'the address' });
  expectWords(words, 2);
  return ACTIONS[verb as keyof typeof ACTIONS](readTarget(text, flags), flags, io);
});
