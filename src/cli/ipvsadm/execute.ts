// Does what a command asks for: calls on the director, text on standard output.

import type { Command, ListFormat } from '../../config/ipvsadm/command.js';
import { applyChange } from '../../datapath/apply-change.js';
import type { Director, TableReader } from '../../datapath/director.js';
import type { SyncDaemons } from '../../datapath/sync-daemons.js';
import type { Address } from '../../model/address.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ConnectionEntry, ServiceEntry, ServiceKey } from '../../model/service.js';
import { checkFamilies, isOfOtherFamily } from '../../model/sync-daemon.js';
import type { Io } from '../io.js';
import { tableText, versionLine } from './list.js';
import { connectionsJson, daemonsJson, tableJson } from './list-json.js';
import { connectionHeader, connectionLines, daemonText, timeoutText } from './list-other.js';
import { saveText } from './save.js';
import { namesFor, type World } from './world.js';

/** Commands that change the table and print nothing. */
export type Changing = Exclude<Command, { readonly kind: 'help' | 'version' | 'restore' | 'save' | `list${string}` }>;

export function isChanging(command: Command): command is Changing {
  return !(['help', 'version', 'restore', 'save'].includes(command.kind) || command.kind.startsWith('list'));
}

/** Refuses a destination that would keep synchronisation from its work. @throws WeirError sync-daemon-families, service-missing */
export function checkSynchronised(command: Changing, table: { service(key: ServiceKey): unknown }, daemons: SyncDaemons): void {
  if (command.kind !== 'add-destination' && command.kind !== 'edit-destination') return;
  if (!isOfOtherFamily(command.service, command.spec) || daemons.daemons().length === 0) return;
  table.service(command.service);
  throw new WeirError('sync-daemon-families');
}

/** @throws a refusal (isRefusal), or a system error of the driver */
export function execute(command: Changing, director: Director, daemons: SyncDaemons): void {
  switch (command.kind) {
    case 'flush':
      director.flush();
      break;
    case 'zero':
      director.zero(command.service);
      break;
    case 'set':
      director.setTimeouts(command.timeouts);
      break;
    case 'start-daemon':
      checkFamilies(director.services());
      daemons.startDaemon(command.daemon);
      break;
    case 'stop-daemon':
      daemons.stopDaemon(command.role);
      break;
    default:
      checkSynchronised(command, director, daemons);
      applyChange(director, command);
  }
}

function* tableAddresses(services: readonly ServiceEntry[]): Generator<Address> {
  for (const { spec, destinations } of services) {
    if (spec.key.kind === 'address') yield spec.key.address;
    for (const destination of destinations) yield destination.spec.address;
  }
}

function* connectionAddresses(entries: Iterable<ConnectionEntry>): Generator<Address> {
  for (const { client, virtual, destination } of entries) {
    yield client.address;
    yield virtual.address;
    yield destination.address;
  }
}

/** In arrays of `size`, the last one of what is left. */
function* pagesOf<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let page: T[] = [];
  for (const item of items) {
    if (page.push(item) < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function print(io: Io, text: Iterable<string>): void {
  for (const part of text) io.out(part);
}

async function list(format: ListFormat, service: ServiceEntry | undefined, director: TableReader, world: World, io: Io): Promise<void> {
  const { version, connTabSize } = director.info();
  const services = service === undefined ? director.services() : [service];
  if (format.json) {
    print(io, tableJson(service === undefined ? { version: version.join('.'), size: connTabSize } : {}, services, format.sorted));
    return;
  }
  const names = await namesFor(() => tableAddresses(services), format.numeric, world.names);
  if (service === undefined) io.out(versionLine(version, connTabSize));
  print(io, tableText(services, format, names));
}

/** So many connections are in memory while their names are looked up. */
const PAGE = 10_000;

async function listConnections(numeric: boolean, engines: boolean, director: TableReader, world: World, io: Io): Promise<void> {
  io.out(connectionHeader(engines));
  for (const page of pagesOf(director.connections(), PAGE)) {
    const names = await namesFor(() => connectionAddresses(page), numeric, world.names);
    print(io, connectionLines(page, engines, names));
  }
}

async function save(numeric: boolean, director: TableReader, world: World, io: Io): Promise<void> {
  const services = director.services();
  const names = await namesFor(() => tableAddresses(services), numeric, world.names);
  print(io, saveText(services, names));
}

export type Reading = Extract<Command, { readonly kind: 'save' | `list${string}` }>;

export function isReading(command: Command): command is Reading {
  return command.kind === 'save' || command.kind.startsWith('list');
}

/** Prints a listing. @throws a refusal (isRefusal), or a system error of the driver */
export async function printReading(command: Reading, director: TableReader, world: World, io: Io): Promise<void> {
  switch (command.kind) {
    case 'list': {
      const entry = command.service === undefined ? undefined : director.service(command.service);
      return list(command.format, entry, director, world, io);
    }
    case 'list-connections':
      if (command.json) return print(io, connectionsJson(director.connections()));
      return listConnections(command.numeric, command.engines, director, world, io);
    case 'list-timeouts':
      return io.out(command.json ? `${JSON.stringify({ timeouts: director.timeouts() })}\n` : timeoutText(director.timeouts()));
    case 'list-daemons': {
      const daemons = world.daemons.daemons();
      return print(io, command.json ? [daemonsJson(daemons)] : daemons.map(daemonText));
    }
    case 'save':
      return save(command.numeric, director, world, io);
  }
}
