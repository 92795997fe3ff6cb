// weir realserver: reads the command line, changes or examines the host, and prints what was done.

import { imageSettings, PERSIST_PATHS, persistFiles } from '../../control/realserver/persist-files.js';
import { tunnelOf } from '../../control/realserver/plan-tunnels.js';
import type { Saved } from '../../control/realserver/saved.js';
import { realServerScript, type ScriptOptions } from '../../control/realserver/script.js';
import type { InterfaceStatus, Status, VipStatus } from '../../control/realserver/status.js';
import { tunnelDevices, tunnelPorts } from '../../control/realserver/tunnel-devices.js';
import { translatedHere } from '../../doctor/translated-here.js';
import { initOf, presentPersistFiles, reloadUnits, removePersistFiles, writePersistFiles } from '../../host/persist.js';
import { type Outcome, startRealServer, statusOfRealServer, stopRealServer } from '../../host/realserver/realserver.js';
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords, rootFolder } from '../command.js';
import { oneLine } from '../failure.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readVips } from '../read-vips.js';
import { mtuAdvice, readTunnel, TUNNEL_TYPES, tunnelLines } from './realserver-tunnel.js';

const USAGE = `usage: weir realserver start  --vip A[,B] [--iface I[,J]] [--persist] [TUNNEL]   become a real server of these VIPs (VS/DR)
       weir realserver stop  [--vip A[,B]] [--persist]                 undo exactly that, for these VIPs or for all
       weir realserver status [--vip A[,B]] [--iface I[,J]] [--json]   exit status 0: all in place, 1: partly, 3: not started
       weir realserver script --vip A[,B] [--iface I[,J]] [TUNNEL]     print a self-contained script for hosts without weir
       --persist also writes (stop: removes) what does it again at boot
       --root DIR writes (stop: removes) that below DIR, for an image, and changes nothing else
TUNNEL: --mode tun [--tun-type ipip|gre|gue] [--tun-port PORT] [--tun-csum] [--from DIRECTOR[,DIRECTOR]] [--rip A[,B]]   VS/TUN
       --tun-type, --tun-port and --tun-csum as the director's ipvsadm has them; --from: take tunnels of these directors only;
       --rip: the address by which the director has this host, of whose family the outer packets are
`;

const TYPES = { vip: 'value', iface: 'value', persist: 'flag', root: 'value', json: 'flag', ...TUNNEL_TYPES } as const;
type RealServerFlags = Flags<typeof TYPES>;

/** Comma-separated interface names, as the kernel allows them. @throws WeirError argument-value */
function readInterfaces(text: string): readonly string[] {
  return text.split(',').map((name) => {
    if (!/^[^\s/:,'"\\]{1,15}$/.test(name) || name === '.' || name === '..') {
      throw new WeirError('argument-value', { expected: 'an interface name', given: name });
    }
    return name;
  });
}

function printOutcome(io: Io, outcome: Outcome, nothing: string): void {
  for (const line of outcome.done) io.out(`${line}\n`);
  for (const line of outcome.notes) io.err(`weir realserver: ${line}\n`);
  if (outcome.done.length === 0) io.out(`${nothing}\n`);
}

const addressesOf = (texts: readonly string[]): readonly Address[] => texts.flatMap((text) => parseAddress(text) ?? []);

/** What does again what is remembered. */
function scriptOptions({ vips, tunnelVips, addresses, tunnels, ports, settings }: Saved, interfaces: readonly string[]): ScriptOptions {
  const onLo = (text: string): boolean =>
    !tunnelVips.includes(text) || addresses.some((one) => one.address === text && one.interface === undefined);
  return {
    vips: addressesOf(vips.filter(onLo)),
    tunnels: { vips: addressesOf(tunnelVips), devices: tunnels.map(tunnelOf), ports },
    interfaces,
    known: settings,
  };
}

/** What the options ask for, for a host that is not this one. */
function asked(flags: RealServerFlags): ScriptOptions {
  const vips = readVips(flags.vip ?? missingVip());
  const common = { interfaces: flags.iface === undefined ? [] : readInterfaces(flags.iface), known: [] };
  const tunnel = readTunnel(flags);
  const tunnels = tunnel && { vips, devices: tunnelDevices(tunnel, vips), ports: tunnelPorts(tunnel) };
  return tunnels === undefined ? { ...common, vips } : { ...common, vips: [], tunnels };
}

/** Rewrites the files for the next boot. `options` absent: there is nothing left to do then. */
async function persist(io: Io, root: string, options: ScriptOptions | undefined): Promise<void> {
  const files = options === undefined ? [] : persistFiles(options, initOf(root));
  const stale = PERSIST_PATHS.filter((path) => !files.some((file) => file.path === path));
  const removed = removePersistFiles(root, stale);
  const written = writePersistFiles(root, files);
  for (const path of [...written.map((one) => `wrote ${one}`), ...removed.map((one) => `removed ${one}`)]) io.out(`${path}\n`);
  if (written.length + removed.length > 0) {
    const trouble = await reloadUnits(root);
    if (trouble !== undefined) io.err(`weir realserver: ${oneLine(trouble)}\n`);
  }
}

/** For the remaining VIPs of this host. */
const persistHere = (io: Io, { saved }: Outcome, interfaces: readonly string[]): Promise<void> =>
  persist(io, '', saved.vips.length === 0 ? undefined : scriptOptions(saved, interfaces));

/** Writes the files of an image alone: this host stays as it is. */
async function startImage(flags: RealServerFlags, io: Io, root: string): Promise<number> {
  await persist(io, root, { ...asked(flags), known: imageSettings() });
  const tunnel = readTunnel(flags);
  if (tunnel !== undefined) io.out(`${mtuAdvice(tunnel)}\n`);
  return 0;
}

async function start(flags: RealServerFlags, io: Io): Promise<number> {
  const root = rootFolder(flags);
  if (root !== '') return startImage(flags, io, root);
  const vips = readVips(flags.vip ?? missingVip());
  const interfaces = flags.iface === undefined ? undefined : readInterfaces(flags.iface);
  const tunnel = readTunnel(flags);
  const outcome = startRealServer({
    vips,
    ...(interfaces === undefined ? {} : { interfaces }),
    ...(tunnel === undefined ? {} : { tunnel }),
  });
  printOutcome(io, outcome, 'all in place already');
  if (tunnel !== undefined && outcome.done.length > 0) io.out(`${mtuAdvice(tunnel)}\n`);
  if (flags.persist === true) await persistHere(io, outcome, interfaces ?? []);
  return 0;
}

async function stop(flags: RealServerFlags, io: Io): Promise<number> {
  const root = rootFolder(flags);
  if (root !== '') {
    if (flags.vip !== undefined) throw new WeirError('option-not-here', { options: '--vip', only: 'stop without --root' });
    await persist(io, root, undefined);
    return 0;
  }
  const outcome = stopRealServer(flags.vip === undefined ? undefined : readVips(flags.vip));
  printOutcome(io, outcome, 'nothing to undo');
  if (flags.persist === true) {
    await persistHere(io, outcome, flags.iface === undefined ? [] : readInterfaces(flags.iface));
  } else if (presentPersistFiles('', PERSIST_PATHS).length > 0) {
    io.err('weir realserver: the real server is set up again at the next boot; stop --persist prevents that\n');
  }
  return 0;
}

function vipText({ address, interface: name, label, prefixLength, route, taken, problem }: VipStatus, tunnels: Status['tunnels']): string {
  if (taken === 'no') return `${address} not on ${tunnels[0]?.name ?? 'lo'}`;
  if (taken === 'translation') return `${address} taken by a rule of the packet filter`;
  if (taken === 'route') return `${address} taken by a local route`;
  if (tunnels.some((one) => one.name === name)) return `${address}/${prefixLength} on ${name}`;
  const labelText = address.includes(':') ? '' : ` (${label ?? 'no label'})`;
  const how = `${address}/${prefixLength} on ${name}${labelText}, ${route ? 'routed' : 'not routed'}`;
  return problem === undefined ? how : `${how}: ${problem}`;
}

const interfaceText = ({ name, arpIgnore, arpAnnounce, silent, faces }: InterfaceStatus): string =>
  `${name} arp_ignore ${arpIgnore} arp_announce ${arpAnnounce}: ${silent ? 'silent' : faces ? 'announces the VIP' : 'not in the network of the VIP'}`;

function statusText(found: Status): string {
  const { state, vips, interfaces, tunnels } = found;
  const lines = [
    ...vips.map((vip) => vipText(vip, tunnels)),
    ...interfaces.map(interfaceText),
    ...tunnelLines(found),
    state === 'started' ? 'started' : state === 'partly' ? 'partly in place' : 'not started',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const STATUS_EXIT = { started: 0, partly: 1, stopped: 3 } as const;

function status(flags: RealServerFlags, io: Io): number {
  const vips = flags.vip === undefined ? undefined : readVips(flags.vip);
  const translated = translatedHere(vips);
  const found = statusOfRealServer(
    vips,
    flags.iface === undefined ? { translated } : { translated, interfaces: readInterfaces(flags.iface) },
  );
  io.out(flags.json === true ? `${JSON.stringify(found)}\n` : statusText(found));
  return STATUS_EXIT[found.state];
}

function script(flags: RealServerFlags, io: Io): number {
  io.out(realServerScript(asked(flags)));
  return 0;
}

function missingVip(): never {
  throw new WeirError('option-missing', { option: '--vip' });
}

const ACTIONS = { start, stop, status, script };

export const run = command({ name: 'weir realserver', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  const [verb] = words;
  if (verb === undefined) throw new WeirError('usage', { usage: USAGE });
  if (!Object.hasOwn(ACTIONS, verb)) throw new WeirError('action-unknown', { given: verb, known: 'start, stop, status or script' });
  expectWords(words, 1);
  return ACTIONS[verb as keyof typeof ACTIONS](flags, io);
});
