// Replays a recorded transcript's commands through weir's own command lines, in this process, on a director in memory.

import { runProc } from '../../src/cli/commands/proc.js';
import { runSysctl } from '../../src/cli/commands/sysctl.js';
import type { DirectorOpener } from '../../src/cli/director-opener.js';
import { type Io, memoryIo } from '../../src/cli/io.js';
import { runRestore } from '../../src/cli/ipvsadm/restore-command.js';
import { runIpvsadm } from '../../src/cli/ipvsadm/run.js';
import { runSave } from '../../src/cli/ipvsadm/save-command.js';
import type { NameSource, World } from '../../src/cli/ipvsadm/world.js';
import { parseHosts, parseServices } from '../../src/cli/names/etc-files.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { HostSyncDaemons } from '../../src/host/sync/host-sync-daemons.js';
import { addressId } from '../../src/model/identity.js';
import { MemorySyncHost } from '../support/sync-host.js';
import { type Program, Shell } from './shell.js';

const hosts = parseHosts('127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n');
const services = parseServices(
  'ftp 21/tcp\ndomain 53/tcp\ndomain 53/udp\nhttp 80/tcp www\nhttps 443/tcp\nsip 5060/tcp\nsip 5060/udp\nkerberos 88/tcp\nhttp-alt 8080/tcp webcache\n',
);

/** Names as the recording machine had them. */
const recordedNames: NameSource = {
  host: (name) => hosts.addresses.get(name),
  port: (name, protocol) => services.ports.get(`${name}/${protocol}`),
  resolveHost: async () => {},
  resolveAddresses: async () => {},
  addressName: (address) => hosts.names.get(addressId(address)),
  portName: (port, protocol) => services.names.get(`${port}/${protocol}`),
};

function command(run: (args: readonly string[], io: Io) => Promise<number>): Program {
  return async (args, stdin) => {
    const io = memoryIo(stdin);
    const status = await run(args, io);
    return { stdout: io.stdout, stderr: io.stderr, status };
  };
}

const ESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\t': '\t', '%%': '%' };

const sortedLines = (text: string): string => `${text.trimEnd().split('\n').sort().join('\n')}\n`;

const printf: Program = async (args) => {
  const format = (args[0] === '--' ? args[1] : args[0]) ?? '';
  return { stdout: format.replace(/\\[nrt]|%%/g, (escaped) => ESCAPED[escaped] ?? escaped), stderr: '', status: 0 };
};

const sort: Program = async (_, stdin) => ({ stdout: stdin.replace(/(?:.*\n)+/, sortedLines), stderr: '', status: 0 });

function programs(world: World, open: DirectorOpener): Readonly<Record<string, Program>> {
  const proc = command((args, io) => runProc([(args[0] ?? '').replace('/proc/net/', '')], io, open));
  return {
    printf,
    sort,
    cat: proc,
    ipvsadm: command((args, io) => runIpvsadm(args, io, world)),
    'ipvsadm-save': command((args, io) => runSave(args, io, world)),
    'ipvsadm-restore': command((args, io) => runRestore(args, io, world)),
    sysctl: command((args, io) => runSysctl(args, io, open)),
  };
}

/** A world on a director in memory. */
export function modelWorld(): World {
  const [director, dummy] = [new MemoryDirector(), { mtu: 1500, isUp: true }];
  const daemons = new HostSyncDaemons(new MemorySyncHost({ d0: dummy, d1: dummy }));
  return { driver: async () => () => director, names: recordedNames, daemons, isRoot: true };
}

/** The transcript with our answers in place of the recorded ones; what cannot be run here keeps none. */
export async function replay(recorded: string, world: World): Promise<string> {
  const shell = new Shell(programs(world, await world.driver()));
  const out: string[] = [];
  const lines = recorded.split('\n');
  for (const [index, line] of lines.entries()) {
    // A title, and the blank line before it, belong to the script.
    if (line.startsWith('# ') || (line === '' && lines[index + 1]?.startsWith('# '))) out.push(line);
    if (!line.startsWith('$ ')) continue;
    out.push(line);
    const result = await shell.run(line.slice(2));
    if (result === undefined) continue;
    if (result.stdout !== '') out.push(result.stdout.replace(/\n$/, ''));
    if (result.stderr !== '')
      out.push(
        ...result.stderr
          .replace(/\n$/, '')
          .split('\n')
          .map((text) => `! ${text}`),
      );
    out.push(`[rc ${result.status}]`);
  }
  return `${out.join('\n')}\n`;
}
