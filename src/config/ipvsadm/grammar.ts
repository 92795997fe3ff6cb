// From words to a command: the matrix of commands and options, then the checks of options that depend on each other.

import type { Family } from '../../model/address.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { masquerades } from '../../model/masquerades.js';
import { DEFAULT_SCHEDULER } from '../../model/schedulers.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../model/service.js';
import type { DaemonSpec } from '../../model/sync-daemon.js';
import { type Draft, readArguments } from './arguments.js';
import type { Command, ListFormat, TableMode } from './command.js';
import { type CommandRule, commandRules, type OptionName, optionNames, tunnelOptions, tunnelRules } from './options.js';
import type { Lookup } from './values.js';

const DEFAULT_DAEMON_INTERFACE = 'eth0';

/** The first option (in their fixed order) that does not go with the command, or is missing. `subject`: how to name the command. */
function checkRule(given: ReadonlySet<OptionName>, names: readonly OptionName[], rule: CommandRule, subject: string): void {
  let exclusive: OptionName | undefined;
  for (const name of names) {
    if (!given.has(name)) {
      if (rule.required.includes(name)) throw new WeirError('ipvsadm-option-needed', { name, subject });
      continue;
    }
    if (rule.exclusive.includes(name)) {
      if (exclusive !== undefined) throw new WeirError('ipvsadm-options-conflict', { name, other: exclusive, subject });
      exclusive = name;
    } else if (!rule.required.includes(name) && !rule.allowed.includes(name)) {
      throw new WeirError('ipvsadm-option-illegal', { name, subject });
    }
  }
}

function serviceKey(draft: Draft): ServiceKey {
  if (draft.fwmark !== 0) return { kind: 'fwmark', family: draft.family ?? 'inet', mark: draft.fwmark };
  const address = draft.address ?? { family: 'inet', words: [0] };
  return { kind: 'address', protocol: draft.protocol ?? 'tcp', address, port: draft.port };
}

function serviceSpec(draft: Draft): ServiceSpec {
  const persistent = draft.options.has('persistent');
  const onePacket = draft.options.has('ops');
  if (draft.fwmark === 0) {
    if (draft.port === 0 && !persistent) throw new WeirError('ipvsadm-port-zero');
    if (onePacket && draft.protocol !== 'udp') throw new WeirError('ipvsadm-one-packet');
  }
  const { engine } = draft;
  const named = engine === undefined || engine === '' ? undefined : engine;
  const persistence = { timeout: draft.persistence, netmask: draft.netmask, ...(named !== undefined && { engine: named }) };
  return {
    key: serviceKey(draft),
    scheduler: draft.scheduler === '' ? DEFAULT_SCHEDULER : draft.scheduler,
    schedFlags: draft.schedulerFlags,
    ...(persistent && { persistence }),
    ...(!persistent && named !== undefined && { idleEngine: named }),
    onePacket,
  };
}

function checkTunnel(draft: Draft): void {
  const options: readonly OptionName[] = ['tun-type', ...tunnelOptions];
  if (draft.method !== 'tunnel') {
    if (options.some((name) => draft.options.has(name))) throw new WeirError('ipvsadm-tunnel-options');
    return;
  }
  checkRule(draft.options, tunnelOptions, tunnelRules[draft.tunnelType], `'${draft.tunnelType}' tunnel type`);
}

function destination(draft: Draft): DestinationSpec {
  const server = draft.server ?? { address: { family: 'inet' as Family, words: [0] }, port: 0 };
  const family = draft.family ?? 'inet';
  const ownPort = draft.fwmark !== 0 || masquerades(draft);
  if (server.address.family !== family && draft.method !== 'tunnel') throw new WeirError('ipvsadm-other-family');
  checkTunnel(draft);
  if ((draft.method === 'fullnat') !== draft.options.has('local-address')) throw new WeirError('ipvsadm-fullnat-options');
  if (draft.method !== 'fullnat' && draft.clientAddress !== undefined) throw new WeirError('ipvsadm-client-address');
  return {
    address: server.address,
    port: ownPort ? server.port : draft.port,
    method: draft.method,
    weight: draft.weight,
    upperThreshold: draft.upperThreshold,
    lowerThreshold: draft.lowerThreshold,
    tunnel: { type: draft.tunnelType, port: draft.tunnelPort, checksum: draft.tunnelChecksum },
    ...(draft.method === 'fullnat' && { localAddresses: draft.localAddresses }),
    ...(draft.clientAddress !== undefined && { clientAddress: draft.clientAddress }),
  };
}

const modes: readonly Exclude<TableMode, 'plain'>[] = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'];

function listCommand(draft: Draft): Command {
  const given = (...names: OptionName[]): boolean => names.some((name) => draft.options.has(name));
  const conflict =
    (given('connection', 'timeout', 'daemon') && given('stats', 'rate', 'thresholds')) ||
    (given('timeout', 'daemon') && given('persistent-conn'));
  if (conflict) throw new WeirError('ipvsadm-list-conflict');
  const numeric = given('numeric');
  const json = given('json') ? { json: true as const } : {};
  if (given('connection')) return { kind: 'list-connections', numeric, engines: given('persistent-conn'), ...json };
  if (given('timeout')) return { kind: 'list-timeouts', ...json };
  if (given('daemon')) return { kind: 'list-daemons', ...json };
  const mode = modes.find((name) => draft.options.has(name)) ?? 'plain';
  const format: ListFormat = { mode, numeric, exact: given('exact'), sorted: !given('nosort'), ...json };
  return given('service-address') ? { kind: 'list', format, service: serviceKey(draft) } : { kind: 'list', format };
}

function zeroCommand(draft: Draft): Command {
  const key = serviceKey(draft);
  // ipvsadm sends no service when its address and port are all zeros: that zeroes everything.
  const all = key.kind === 'address' && key.port === 0 && key.address.words.every((word) => word === 0);
  return all ? { kind: 'zero' } : { kind: 'zero', service: key };
}

function daemonSpec(draft: Draft): DaemonSpec {
  const { maxLength, group, mcastPort: port, ttl, syncPeers: peers } = draft;
  const optional = { maxLength, group, port, ttl, peers };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const name = draft.daemonInterface === '' ? DEFAULT_DAEMON_INTERFACE : draft.daemonInterface;
  return { role: draft.role, interface: name, syncId: draft.syncId, ...given };
}

function meaning(draft: Draft): Command {
  switch (draft.command) {
    case 'help':
    case 'version':
    case 'flush':
      return { kind: draft.command };
    case 'add-service':
    case 'edit-service':
      return { kind: draft.command, spec: serviceSpec(draft) };
    case 'delete-service':
      return { kind: 'delete-service', key: serviceKey(draft) };
    case 'add-server':
      return { kind: 'add-destination', spec: destination(draft), service: serviceKey(draft) };
    case 'edit-server':
      return { kind: 'edit-destination', spec: destination(draft), service: serviceKey(draft) };
    case 'delete-server':
      return { kind: 'delete-destination', service: serviceKey(draft), key: draft.server ?? destination(draft) };
    case 'list':
      return listCommand(draft);
    case 'zero':
      return zeroCommand(draft);
    case 'set': {
      const [tcp, tcpFin, udp] = draft.timeouts;
      return { kind: 'set', timeouts: { tcp, tcpFin, udp } };
    }
    case 'start-daemon':
      return { kind: 'start-daemon', daemon: daemonSpec(draft) };
    case 'stop-daemon':
      return { kind: 'stop-daemon', role: draft.role, syncId: draft.syncId };
    case 'save':
      return { kind: 'save', numeric: draft.options.has('numeric') };
    case 'restore':
      return { kind: 'restore', atomic: draft.options.has('atomic') };
  }
}

/** Reads one command line (without the program's name). No words at all: list everything. @throws WeirError ipvsadm-… */
export function parseCommand(words: readonly string[], lookup: Lookup): Command {
  if (words.length === 0) return { kind: 'list', format: { mode: 'plain', numeric: false, exact: false, sorted: true } };
  const draft = readArguments(words, lookup);
  if (draft.command !== 'help' && draft.command !== 'version') {
    checkRule(draft.options, optionNames, commandRules[draft.command], `'${draft.command}' command`);
  }
  return meaning(draft);
}
