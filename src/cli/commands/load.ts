// weir load: loads the datapath into this network namespace with chosen sizes, or replaces the programs of a loaded one by this build's.
// Every other command loads it with default sizes where it is missing, and leaves loaded programs alone.

import type { Director, FirewallMode } from '../../datapath/director.js';
import type { DatapathChange } from '../../datapath/ebpf/load/datapath-change.js';
import type { AttachMode } from '../../datapath/ebpf/load/hook-choice.js';
import { bucketsFor, type Capacity } from '../../datapath/ebpf/load/object.js';
import { losingVeths } from '../../datapath/ebpf/load/veth-xdp.js';
import { exchangeBuild, openDirector, openIfLoaded } from '../../datapath/ebpf/open.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { FTP_PORTS_MAX, parseFtpPorts } from '../../model/ftp-ports.js';
import { command, expectWords } from '../command.js';
import { reportWait } from '../failure.js';
import { choiceText, chooseFirewall, type FirewallChoice } from '../firewall-choice.js';
import type { Flags } from '../flags.js';
import { loadReport } from '../load/load-report.js';

const USAGE = `usage: weir load [--conn-tab-bits N] [--connections N] [--max-services N] [--max-destinations N] [--attach auto|tc|xdp]
                 [--firewall auto|honour|fast] [--ftp-ports none|PORT[,PORT]...]
       weir load --if-loaded
       prints what it changed: what it loaded, attached, repaired and set, a line each; nothing where nothing was to be done
       loaded by another build with the same tables, it gets this build's programs; nothing is lost
       tables of the build before are taken over under traffic: no connection is lost, no packet is dropped
       loaded connection tables get another size under traffic: no connection is lost, no packet is dropped
       room for services and destinations is chosen at loading, or while there is no service and no connection
       --conn-tab-bits     the connection table's size, as the kernel's conn_tab_bits: 8 to 27 (12); above 20 it holds 2^N connections
       --connections       what each connection table is made for, 4096 to 134217728 (1048576); a smaller one is faster; it takes 32 bytes
                           each, of IPv6 or all ports 64, of both 128: these tables are made with their first service
       --max-services      a power of two, 64 to 65536 (16384)
       --max-destinations  64 to 262142 (65536; fewer above 32 possible CPUs)
       --attach            auto: tc on every interface, XDP besides on physical ones; tc: tc only; xdp: XDP everywhere
                           but on VLANs and below them
                           (by veths frames are lost then, but with 'ethtool -K DEV gro on tx off' at their far ends)
       --firewall          auto (the default): honour where a rule of the packet filter may drop packets for a service, or mark them
                           for another one, otherwise fast;
                           honour: new connections pass the packet filter of this host (raw, mangle, INPUT) before they are balanced;
                           fast: they are balanced in front of it
       --ftp-ports         of services of TCP by VS/NAT or FULLNAT that have the helper for FTP: up to 8 (21)
       --if-loaded         only covers interfaces that came since, where it is loaded; elsewhere nothing happens (for udev)
`;
const TYPES = {
  'conn-tab-bits': 'value',
  connections: 'value',
  'max-services': 'value',
  'max-destinations': 'value',
  attach: 'value',
  firewall: 'value',
  'ftp-ports': 'value',
  'if-loaded': 'flag',
} as const;

type LoadFlags = Flags<typeof TYPES>;

/** The whole number of an option; undefined: it is not given. @throws WeirError option-value */
function numberOf(
  flags: LoadFlags,
  name: 'conn-tab-bits' | 'connections' | 'max-services' | 'max-destinations',
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new WeirError('option-value', { option: `--${name}`, expected: `${min} to ${max}`, given: text });
  return value;
}

function capacityOf(flags: LoadFlags): Partial<Capacity> {
  const connTabBits = numberOf(flags, 'conn-tab-bits', { min: 8, max: 27 });
  const connections = numberOf(flags, 'connections', { min: 4096, max: 2 ** 27 });
  const services = numberOf(flags, 'max-services', { min: 64, max: 65_536 });
  const destinations = numberOf(flags, 'max-destinations', { min: 64, max: 262_142 });
  const capacity = {
    ...(connTabBits === undefined ? {} : { connTabBits }),
    ...(connections === undefined ? {} : { connBuckets: bucketsFor(connections) }),
    ...(services === undefined ? {} : { maxServices: services }),
    ...(destinations === undefined ? {} : { maxDestinations: destinations }),
  };
  const { maxServices } = capacity;
  if (maxServices !== undefined && (maxServices & (maxServices - 1)) !== 0)
    throw new WeirError('option-value', { option: '--max-services', expected: 'a power of two', given: String(maxServices) });
  return capacity;
}

function attachOf(text: string | undefined): { readonly attach?: AttachMode } {
  if (text === undefined) return {};
  if (text !== 'auto' && text !== 'tc' && text !== 'xdp')
    throw new WeirError('option-value', { option: '--attach', expected: 'auto, tc or xdp', given: text });
  return { attach: text };
}

function firewallOf(text: string | undefined): { readonly firewall?: FirewallMode } {
  if (text === undefined) return {};
  if (text !== 'auto' && text !== 'honour' && text !== 'fast')
    throw new WeirError('option-value', { option: '--firewall', expected: 'auto, honour or fast', given: text });
  return { firewall: text };
}

function ftpPortsOf(text: string | undefined): readonly number[] | undefined {
  const ports = text === undefined ? undefined : parseFtpPorts(text);
  if (text !== undefined && ports === undefined)
    throw new WeirError('option-value', { option: '--ftp-ports', expected: `up to ${FTP_PORTS_MAX} ports, or none`, given: text });
  return ports;
}

/** Rules that came or went since are looked at, too. */
async function choose(director: Director): Promise<FirewallChoice | undefined> {
  try {
    if (director.firewallMode?.() !== 'auto') return undefined;
    const { bypassedRules } = await import('../../doctor/collect/bypassed.js');
    return await chooseFirewall(director, bypassedRules);
  } finally {
    director.close();
  }
}

export const run = command({ name: 'weir load', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 0);
  const wait = { onWait: reportWait('weir load', io) };
  const capacity = capacityOf(flags);
  const attach = attachOf(flags.attach);
  const firewall = firewallOf(flags.firewall);
  const ports = ftpPortsOf(flags['ftp-ports']);
  const sized = Object.keys(capacity).length > 0;
  if (flags['if-loaded'] === true) {
    if (sized) throw new WeirError('option-not-here', { options: 'sizes', only: 'a first load, not --if-loaded' });
    const director = openIfLoaded({ ...attach, ...firewall, ...wait });
    if (ports !== undefined) director?.setFtpPorts(ports);
    const choice = director === undefined ? undefined : await choose(director);
    if (choice !== undefined) io.err(`${choiceText(choice)}\n`);
    return 0;
  }
  const losing = attach.attach === 'xdp' ? losingVeths() : [];
  if (losing.length > 0) throw new WeirError('xdp-veth-loses', { names: losing.join(', ') });
  const changes: DatapathChange[] = [];
  const director = openDirector({
    capacity,
    ...attach,
    ...firewall,
    ...wait,
    takeOver: true,
    retryXdp: true,
    report: (change) => changes.push(change),
  });
  if (ports !== undefined && director.setFtpPorts(ports)) changes.push({ kind: 'ftp-ports', ports });
  const choice = await choose(director);
  if (choice !== undefined) changes.push({ kind: 'firewall', ...choice });
  io.out(loadReport(changes));
  if (exchangeBuild(undefined, wait)) io.out('the programs of this build replaced those of another; the table and its connections stay\n');
  return 0;
});
