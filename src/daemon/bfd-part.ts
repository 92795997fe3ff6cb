// The BFD child's part: sessions with neighbours, whose state VRRP and the checker are told, and their dump file.
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import type { BfdInstance } from '../model/keepalived/trackers.js';
import { monotonicUs } from '../sys/readable.js';
import { BfdProcess } from './bfd/bfd-process.js';
import type { Part, StartPart } from './child-main.js';
import { bfdLines } from './dump/bfd.js';
import { dataPath, writeDump } from './dump/file.js';
import { globalText } from './dump/parent.js';
import { ReloadRecord } from './dump/reload-record.js';
import { scheduleRole } from './role-schedule.js';

/**
 * A session has so long to come up before it is told that it is not, ms. VRRP takes all sessions for down at its own start; later, one that
 * is new, or one of a process that follows one that died, must not end a mastership that its neighbour does not end.
 */
const GRACE_MS = 3000;

export const startBfd: StartPart = (configuration, options, log, tell): Part => {
  scheduleRole('bfd', configuration.global.processes.bfd, log);
  let current: KeepalivedConfiguration = configuration;
  const tellOf = ({ name, events }: BfdInstance, up: boolean): void => tell({ kind: 'bfd', name, up, sentAtUs: monotonicUs(), events });
  const bfd = new BfdProcess({ sessions: configuration.bfds, log, tell: tellOf });
  const tellDown = (): void => {
    for (const { config, state } of bfd.describe().state.sessions) if (state !== 'up') tellOf(config, false);
  };
  let grace = setTimeout(tellDown, GRACE_MS);
  const offsetUs = (): number => Date.now() * 1000 - monotonicUs();
  const text = (): string =>
    `${globalText(current)}${bfdLines(bfd.describe(), offsetUs())
      .map((line) => `${line}\n`)
      .join('')}`;
  if (options.dump) for (const line of text().trimEnd().split('\n')) log('info', line);
  const record = new ReloadRecord('bfd', text, log);
  return {
    reload: (next) =>
      record.around(current.global, next.global, () => {
        current = next;
        scheduleRole('bfd', next.global.processes.bfd, log);
        bfd.reload(next.bfds);
        clearTimeout(grace);
        grace = setTimeout(tellDown, GRACE_MS);
      }),
    dump: (what) => {
      if (what !== 'data') return;
      log('info', `Printing BFD data for process(${process.pid}) on signal`);
      writeDump(dataPath('_bfd', current.global, options.identSuffix), text(), log);
    },
    stop: async () => {
      clearTimeout(grace);
      bfd.stop();
    },
  };
};
