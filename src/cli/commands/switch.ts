// weir switch: content switching in the datapath, as a weir.yaml has it.
import { switchPlan } from '../../control/layer7/switch/switch-plan.js';
import { openDirector, openIfLoaded } from '../../datapath/ebpf/open.js';
import { applySwitch, clearSwitch, switchedServices } from '../../datapath/ebpf/switch/apply-switch.js';
import {
  familyPin,
  hasSwitch,
  hasSwitchProgram,
  keyCount,
  type SwitchCountName,
  switchCounts,
  switchFamilies,
} from '../../datapath/ebpf/switch/switch-maps.js';
import { outServers } from '../../datapath/ebpf/switch/switch-outs.js';
import { switchedInterfaces } from '../../datapath/ebpf/switch/switch-programs.js';
import { ownSubnets } from '../../host/own-subnets.js';
import { counted } from '../../model/counted.js';
import { endpointText } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { SwitchListener, SwitchPlan } from '../../model/layer7/switch-plan.js';
import { serviceWord } from '../../model/service-word.js';
import { command, expectWords } from '../command.js';
import type { Io } from '../io.js';
import { readLayer7 } from '../read-layer7.js';

const USAGE = `usage: weir switch apply --config FILE
       the datapath chooses servers by the first request of a connection, for the locations of the section layer7 of a
       weir.yaml that have way: switch or way: auto; everything else goes to the process that listens at the same address
       and port: weir proxy with the same file. Where no location of the file has them, nothing is switched any more
       weir switch status [--json]
       prints what is switched, and what happened to connections since it was first applied
       weir switch clear
       nothing is switched any more; connections that were switched end
       exit status: 0; 1 an error; 2 wrong usage, or a file that cannot be switched; of status and clear 3 where nothing is switched
`;
const TYPES = { config: 'value', json: 'flag' } as const;
const NOTHING = 3;

const locationText = (host: string, location: string | undefined): string =>
  location === undefined ? host : `${host}, location ${location}`;

/** @throws WeirError file-unreadable, weir-file-refused: what the datapath cannot serve, too */
function readPlan(path: string): SwitchPlan {
  const plan = switchPlan(readLayer7(path), ownSubnets());
  const refused = plan.refusals.map(({ host, location, why }) => `${path}: ${locationText(host, location)} cannot be switched: ${why}`);
  if (refused.length > 0) throw new WeirError('weir-file-refused', { faults: refused });
  return plan;
}

const listenerText = (listener: SwitchListener): string =>
  `${listener.name} ${endpointText(listener)}: ${counted(listener.hosts.length, 'host')}, ${counted(listener.servers.length, 'server')}\n`;

/** A file in which nothing is switched any more. @throws WeirError weir-file-refused: nothing was */
function applyNone(config: string, io: Io): number {
  const why = `${config}: no location has way: switch, or way: auto and can be switched`;
  const director = openIfLoaded();
  try {
    if (director === undefined || !clearSwitch(director)) throw new WeirError('weir-file-refused', { faults: [why] });
    io.out(`${why}: nothing is switched any more\n`);
    return 0;
  } finally {
    director?.close();
  }
}

function apply(config: string | undefined, io: Io): number {
  if (config === undefined) throw new WeirError('option-missing', { option: '--config' });
  const plan = readPlan(config);
  if (plan.listeners.length === 0) return applyNone(config, io);
  const director = openDirector({ onWait: (line) => io.err(`weir: ${line}\n`) });
  try {
    const { listeners } = applySwitch(director, plan);
    io.out(listeners.map(listenerText).join(''));
    const left = plan.listeners.filter((listener) => !listeners.includes(listener));
    for (const listener of left)
      io.err(`weir: ${listener.name} ${endpointText(listener)}: not switched, there is a virtual service of it\n`);
  } finally {
    director.close();
  }
  return 0;
}

const MEANINGS: Readonly<Record<SwitchCountName, string>> = {
  SWITCHED_SYN: 'SYNs answered',
  SWITCHED_ASKED: 'SYNs sent to servers, repeated ones too',
  SWITCHED_BOUND: 'connections to servers',
  SWITCHED_TO_PROXY: 'connections to the proxy',
  SWITCHED_BAD_COOKIE: 'segments of no connection',
  SWITCHED_BARE: 'acknowledgements without data, dropped',
  SWITCHED_NO_PROXY: 'undecided, and no process listens',
  SWITCHED_NO_SERVER: 'to the proxy, since the pool had no server',
  SWITCHED_FULL: 'to the proxy, since the table was full',
  SWITCHED_FAILED: 'segments dropped that could not be changed',
  SWITCHED_REFUSED: 'connections refused by servers',
  SWITCHED_OVERTOOK: 'segments dropped that came before the first one',
  SWITCHED_SHARED: 'to the proxy, since the server had a connection of that port',
  SWITCHED_ODD: 'fragments and segments without a whole header, dropped',
  SWITCHED_UNFIT: 'segments dropped that fitted no step of a connection that begins',
  SWITCHED_UNKEPT: 'first segments kept no longer when the server answered: sent again by clients',
  SWITCHED_PASSED: 'SYNs left to the host: its packet filter, or an address that it has not',
  SWITCHED_LOST: 'entries removed whose connections had ended before their time',
  SWITCHED_BAD_CHECKSUM: 'segments with a wrong checksum that would have been answered or decided, dropped',
};

function status(json: boolean, io: Io): number {
  const director = openIfLoaded();
  try {
    const folder = director?.tables.folder;
    if (folder === undefined || !hasSwitchProgram(folder)) {
      const isLeft = folder !== undefined && hasSwitch(folder);
      const text = isLeft ? 'an apply or a clear was interrupted: run it again\n' : 'nothing is switched here\n';
      io.out(json ? 'null\n' : text);
      return NOTHING;
    }
    const listeners = switchedServices(folder);
    const present = director?.services().map(({ spec }) => serviceWord(spec.key)) ?? [];
    const services = listeners.map(serviceWord).filter((word) => present.includes(word));
    const deleted = listeners.map(serviceWord).filter((word) => !present.includes(word));
    const [hosts, paths, connections] = [
      keyCount(folder, 'switch_hosts'),
      keyCount(folder, 'switch_paths'),
      switchFamilies(folder).reduce((sum, family) => sum + keyCount(folder, familyPin(family, 'flows')), 0),
    ];
    const interfaces = switchedInterfaces(folder).length;
    const counts = [...switchCounts(folder)];
    const down = outServers(folder).map((server) => endpointText(server));
    if (json) {
      const named = Object.fromEntries(counts.map(([name, count]) => [name.replace('SWITCHED_', '').toLowerCase(), Number(count)]));
      io.out(`${JSON.stringify({ services, deleted, hosts, paths, connections, interfaces, down, counts: named })}\n`);
      return 0;
    }
    io.out(`switched: ${services.length === 0 ? 'none' : services.join(' ')}\n`);
    if (deleted.length > 0) io.out(`deleted, and the proxy's now: ${deleted.join(' ')} (weir switch apply makes them again)\n`);
    const numbers = [counted(hosts, 'host'), counted(paths, 'path'), counted(interfaces, 'interface'), counted(connections, 'connection')];
    io.out(`${numbers.join(', ')}\n`);
    if (down.length > 0) io.out(`down, by checks: ${down.join(' ')}\n`);
    for (const [name, count] of counts) if (count > 0n) io.out(`${String(count).padStart(12)}  ${MEANINGS[name]}\n`);
    return 0;
  } finally {
    director?.close();
  }
}

function clear(io: Io): number {
  const director = openIfLoaded();
  try {
    if (director !== undefined && clearSwitch(director)) return 0;
    io.out('nothing is switched here\n');
    return NOTHING;
  } finally {
    director?.close();
  }
}

export const run = command({ name: 'weir switch', usage: USAGE, types: TYPES }, ({ flags, words: [verb, ...rest] }, io) => {
  expectWords(rest, 0);
  if (verb === 'apply') return apply(flags.config, io);
  if (verb === 'status') return status(flags.json === true, io);
  if (verb === 'clear') return clear(io);
  throw new WeirError('argument-value', { expected: 'apply, status or clear', given: verb ?? '' });
});
