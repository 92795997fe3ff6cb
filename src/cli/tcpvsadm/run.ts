// tcpvsadm: KTCPVS's command line. Its table is a file in KTCPVS's grammar; what is started of it is a weir.yaml beside it, which `weir proxy` serves.
import { join } from 'node:path';
import { parseServiceAddress } from '../../config/ipvsadm/values.js';
import { type ReadAddress, readKtcpvs } from '../../config/ktcpvs/read.js';
import { layer7OfKtcpvs, unswitchedLines } from '../../config/ktcpvs/to-model.js';
import { type KtcpvsVirtual, virtualText } from '../../config/ktcpvs/virtual.js';
import { readWeirFile } from '../../config/weir/read.js';
import { writeWeirFile } from '../../config/weir/write.js';
import { switchPlan } from '../../control/layer7/switch/switch-plan.js';
import { ownSubnets } from '../../host/own-subnets.js';
import { noNames } from '../../model/endpoint-text.js';
import { failureText, WeirError } from '../../model/errors/weir-error.js';
import type { Subnet } from '../../model/subnet.js';
import { readTextFile, replaceFiles } from '../../sys/files/durable-file.js';
import { locked } from '../../sys/files/lock.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { reported } from '../failure.js';
import type { Io } from '../io.js';
import { type NameSource, namesFor } from '../ipvsadm/world.js';
import { NeedsHost, SystemNames } from '../names/resolver.js';
import { readText } from '../read-text.js';
import { changedTable, loadedTable } from './change.js';
import { HELP } from './help.js';
import { readCommand, type TcpvsadmCommand } from './options.js';

const MARK = '# Written by tcpvsadm of weir; read by tcpvsadm -f as well.\n';
const YAML_MARK = '# Written by tcpvsadm of weir for: weir proxy --config\n';
const HEAD = 'TCP Virtual Server version 0.0.18\n';
const LOCK_WAIT_MS = 10_000;

/** Again after each host name that had to be asked for. */
async function resolving<Result>(names: NameSource, work: () => Result): Promise<Result> {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof NeedsHost)) throw error;
      await names.resolveHost(error.host);
    }
  }
}

/** `folder`: where its two files are. `own`: the addresses of this host, with their networks. */
export interface TcpvsadmWorld {
  readonly folder: string;
  readonly own: () => readonly Subnet[];
  readonly names: NameSource;
}

class Tcpvsadm {
  readonly #path: string;
  readonly #yamlPath: string;
  readonly #address: ReadAddress;

  constructor(readonly world: TcpvsadmWorld) {
    this.#path = join(world.folder, 'tcpvsadm.conf');
    this.#yamlPath = join(world.folder, 'tcpvsadm.yaml');
    this.#address = (text) => {
      const found = parseServiceAddress(text, 'tcp', world.names);
      return found?.address.family === 'inet' ? { address: found.address, port: found.port ?? 0 } : undefined;
    };
  }

  table(): readonly KtcpvsVirtual[] {
    return readKtcpvs(this.#path, readTextFile(this.#path) ?? '', this.#address);
  }

  #write(table: readonly KtcpvsVirtual[]): void {
    for (const [path, mark] of [
      [this.#path, MARK],
      [this.#yamlPath, YAML_MARK],
    ] as const) {
      const before = readTextFile(path);
      if (before !== undefined && !before.startsWith(mark)) throw new WeirError('tcpvsadm-foreign-file', { path });
    }
    const yaml = `${YAML_MARK}${writeWeirFile(layer7OfKtcpvs(table))}`;
    const [fault] = readWeirFile(yaml).faults;
    if (fault !== undefined) throw new WeirError('tcpvsadm-refused', { what: `This cannot be served: ${failureText(fault.failure)}` });
    const texts = table.map((virtual) => {
      const own = [...(virtual.isSwitched ? ['    # way = switch\n'] : []), ...(virtual.isStarted ? ['    # started\n'] : [])];
      return virtualText(virtual).replace(/\}\n$/, `${own.join('')}}\n`);
    });
    replaceFiles([
      [this.#path, `${MARK}${texts.join('')}`],
      [this.#yamlPath, yaml],
    ]);
  }

  /** `text`: of load-configfile. */
  change(command: TcpvsadmCommand, text: string, io: Io): void {
    makeFolders(this.world.folder);
    locked(join(this.world.folder, 'tcpvsadm.lock'), { waitMs: LOCK_WAIT_MS }, () => {
      const table =
        command.name === 'load-configfile'
          ? loadedTable(readKtcpvs(command.file, text, this.#address))
          : changedTable(this.table(), command, this.#address);
      if (table === undefined) return;
      this.#write(table);
      for (const line of unswitchedLines(table, (layer7) => switchPlan(layer7, this.world.own()).refusals))
        io.err(`tcpvsadm: left to the proxy: ${line}\n`);
    });
  }

  async list({ options: { ident, numeric } }: TcpvsadmCommand, io: Io): Promise<void> {
    const table = await resolving(this.world.names, () => this.table());
    const shown = ident === undefined ? table : table.filter(({ name }) => name === ident);
    if (ident !== undefined && shown.length === 0) throw new WeirError('tcpvsadm-refused', { what: 'No such service' });
    const addresses = shown.flatMap(({ listen, redirect, servers }) => [listen, ...(redirect === undefined ? [] : [redirect]), ...servers]);
    const names = await namesFor(() => addresses.map(({ address }) => address), numeric !== undefined, this.world.names);
    if (ident === undefined) io.out(HEAD);
    for (const virtual of shown) io.out(virtualText(virtual, numeric === undefined ? names : noNames));
  }
}

export async function runTcpvsadm(args: readonly string[], io: Io, world: TcpvsadmWorld): Promise<number> {
  return reported('tcpvsadm', io, async () => {
    const command = readCommand(args);
    const tcpvsadm = new Tcpvsadm(world);
    if (command.name === 'help') io.out(HELP);
    else if (command.name === 'list') await tcpvsadm.list(command, io);
    else {
      // once, and before the lock: it may be a pipe
      const text = command.name === 'load-configfile' ? readText(command.file) : '';
      await resolving(world.names, () => tcpvsadm.change(command, text, io));
    }
    return 0;
  });
}

export const run = (args: readonly string[], io: Io): Promise<number> =>
  runTcpvsadm(args, io, { folder: '/etc/weir', own: ownSubnets, names: new SystemNames() });
