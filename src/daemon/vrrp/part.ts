// The VRRP child's part: VRRP itself, and the dump files that signals ask for.

import { jsonText } from '../../dump/json.js';
import type { DumpHost } from '../../dump/live.js';
import { statsText } from '../../dump/stats.js';
import { topologyLines } from '../../dump/topology.js';
import type { RunAs } from '../../model/keepalived/script.js';
import type { Log } from '../../model/log-level.js';
import { monotonicUs } from '../../sys/readable.js';
import { hostClocks } from '../dump-files/host-clocks.js';
import { globalText } from '../dump-files/parent-dump.js';
import { ReloadRecord } from '../dump-files/reload-record.js';
import { dataPath, dumpPath, writeDump } from '../dump-files/write-dump.js';
import type { DumpKind } from '../process/messages.js';
import type { Part, StartPart } from '../process/part.js';
import { idsOf } from '../process/users.js';
import { VrrpProcess } from './vrrp-process.js';

/** How each dump is announced. */
const ANNOUNCED: Readonly<Record<DumpKind, string>> = {
  data: 'Printing VRRP data',
  stats: 'Printing VRRP stats',
  clear: 'Printing and clearing VRRP stats',
  json: 'Printing VRRP as json',
};

/** `0:0`; a name that nobody has any more stays a name. */
function owner(runAs: RunAs | undefined): string {
  try {
    const { uid = 0, gid = 0 } = idsOf(runAs);
    return `${uid}:${gid}`;
  } catch {
    return [runAs?.user, runAs?.group].filter(Boolean).join(':');
  }
}

const hostNow = (): DumpHost => ({ ...hostClocks(), owner });

/** keepalived.data's lines. */
function dataLines(vrrp: VrrpProcess): readonly string[] {
  const { state, sockets } = vrrp.describe();
  const global = state.configuration === undefined ? [] : globalText(state.configuration).trimEnd().split('\n');
  return [...global, ...topologyLines(state, hostNow(), sockets)];
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function dump(vrrp: VrrpProcess, what: DumpKind, identSuffix: string, log: Log): void {
  log('info', `${ANNOUNCED[what]} for process(${process.pid}) on signal`);
  const { state, waitingProcesses } = vrrp.describe();
  const { configuration } = state;
  const files = configuration?.global.dumpFiles ?? {};
  switch (what) {
    case 'data':
      if (configuration !== undefined) writeDump(dataPath('', configuration.global, identSuffix), textOf(dataLines(vrrp)), log);
      break;
    case 'json':
      writeDump(
        dumpPath('keepalived.json', files.json),
        jsonText(state.instances, state, { ...hostNow(), waitingProcesses }, configuration?.global.jsonVersion ?? 1),
        log,
      );
      break;
    default:
      writeDump(dumpPath('keepalived.stats', files.stats), statsText(state.instances), log);
      if (what === 'clear') vrrp.clearCounters();
  }
}

export const startVrrp: StartPart = (configuration, options, log, tell): Part => {
  const vrrp = new VrrpProcess({
    configuration,
    keepAddresses: options.keepAddresses,
    log,
    onEvent: (event) => {
      if (event.kind === 'mail') tell({ kind: 'mail', type: event.type, name: event.name, event: event.event });
    },
  });
  if (options.dump) for (const line of dataLines(vrrp)) log('info', line);
  const record = new ReloadRecord('vrrp', () => textOf(dataLines(vrrp)), log);
  let { global } = configuration;
  return {
    reload: async (next) => {
      await record.around(global, next.global, () => vrrp.reload(next));
      global = next.global;
    },
    dump: (what) => dump(vrrp, what, options.identSuffix, log),
    bfd: ({ name, up, sentAtUs }) => {
      log(
        'debug',
        `Received BFD event: instance ${name} is in state ${up ? 'Up' : 'Down'} (delivered in ${monotonicUs() - sentAtUs} usec)`,
      );
      vrrp.bfd(name, up);
    },
    stop: () => vrrp.stop(),
  };
};
