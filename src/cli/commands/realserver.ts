// weir realserver: reads the command line, changes or examines the host, and prints what was done.

import { PERSIST_PATHS, persistFiles } from '../../control/realserver/persist-files.js';
import { realServerScript } from '../../control/realserver/script.js';
import type { InterfaceStatus, Status, VipStatus } from '../../control/realserver/status.js';
import { translatedHere } from '../../doctor/translated-here.js';
import { initOf, presentPersistFiles, reloadUnits, removePersistFiles, writePersistFiles } from '../../host/persist.js';
import { type Outcome, startRealServer, statusOfRealServer, stopRealServer } from '../../host/realserver/realserver.js';
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords, rootFolder } from '../command.js';
import { oneLine } from '../failure.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readVips } from '../read-vips.js';

const USAGE = `usage: weir realserver start  --vip A[,B] [--iface I[,J]] [--persist]   become a real server of these VIPs (VS/DR)
       weir realserver stop  [--vip A[,B]] [--persist]                 undo exactly that, for these VIPs or for all
       weir realserver status [--vip A[,B]] [--iface I[,J]] [--json]   exit status 0: all in place, 1: partly, 3: not started
       weir realserver script --vip A[,B] [--iface I[,J]]              print a self-contained script for hosts without weir
       --persist also writes (stop: removes) what does it again at boot; --root DIR puts that below DIR
`;

const TYPES = { vip: 'value', iface: 'value', persist: 'flag', root: 'value', json: 'flag' } as const;
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

/** Rewrites the files for the next boot for the remaining VIPs. */
async function persist(io: Io, root: string, outcome: Outcome, interfaces: readonly string[]): Promise<void> {
  const vips = outcome.saved.vips.flatMap((text) => parseAddress(text) ?? []);
  const files = vips.length === 0 ? [] : persistFiles({ vips, interfaces, known: outcome.saved.settings }, initOf(root));
  const stale = PERSIST_PATHS.filter((path) => !files.some((file) => file.path === path));
  const removed = removePersistFiles(root, stale);
  const written = writePersistFiles(root, files);
  for (const path of [...written.map((one) => `wrote ${one}`), ...removed.map((one) => `removed ${one}`)]) io.out(`${path}\n`);
  if (written.length + removed.length > 0) {
    const trouble = await reloadUnits(root);
    if (trouble !== undefined) io.err(`weir realserver: ${oneLine(trouble)}\n`);
  }
}

async function start(flags: RealServerFlags, io: Io): Promise<number> {
  const vips = readVips(flags.vip ?? missingVip());
  const interfaces = flags.iface === undefined ? undefined : readInterfaces(flags.iface);
  const outcome = startRealServer({ vips, ...(interfaces === undefined ? {} : { interfaces }) });
  printOutcome(io, outcome, 'all in place already');
  if (flags.persist === true) await persist(io, rootFolder(flags), outcome, interfaces ?? []);
  return 0;
}

async function stop(flags: RealServerFlags, io: Io): Promise<number> {
  const outcome = stopRealServer(flags.vip === undefined ? undefined : readVips(flags.vip));
  printOutcome(io, outcome, 'nothing to undo');
  if (flags.persist === true) {
    await persist(io, rootFolder(flags), outcome, flags.iface === undefined ? [] : readInterfaces(flags.iface));
  } else if (presentPersistFiles(rootFolder(flags), PERSIST_PATHS).length > 0) {
    io.err('weir realserver: the real server is set up again at the next boot; stop --persist prevents that\n');
  }
  return 0;
}

function vipText({ address, interface: name, label, prefixLength, route, taken, problem }: VipStatus): string {
  if (taken === 'no') return `${address} not on lo`;
  if (taken === 'translation') return `${address} taken by a rule of the packet filter`;
  if (taken === 'route') return `${address} taken by a local route`;
  const labelText = address.includes(':') ? '' : ` (${label ?? 'no label'})`;
  const how = `${address}/${prefixLength} on ${name}${labelText}, ${route ? 'routed' : 'not routed'}`;
  return problem === undefined ? how : `${how}: ${problem}`;
}

const interfaceText = ({ name, arpIgnore, arpAnnounce, silent, faces }: InterfaceStatus): string =>
  `${name} arp_ignore ${arpIgnore} arp_announce ${arpAnnounce}: ${silent ? 'silent' : faces ? 'announces the VIP' : 'not in the network of the VIP'}`;

function statusText({ state, vips, interfaces }: Status): string {
  const lines = [
    ...vips.map(vipText),
    ...interfaces.map(interfaceText),
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
  const vips = readVips(flags.vip ?? missingVip());
  io.out(realServerScript({ vips, interfaces: flags.iface === undefined ? [] : readInterfaces(flags.iface), known: [] }));
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
