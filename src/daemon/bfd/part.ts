// The BFD child's part: sessions with neighbours, whose state VRRP and the checker are told, and their dump file.
import type { Session } from '../../control/bfd/state.js';
import { bfdLines } from '../../dump/bfd.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { Log } from '../../model/log-level.js';
import { monotonicUs } from '../../sys/readable.js';
import { hostClocks } from '../dump-files/host-clocks.js';
import { globalText } from '../dump-files/parent-dump.js';
import { ReloadRecord } from '../dump-files/reload-record.js';
import { dataPath, writeDump } from '../dump-files/write-dump.js';
import { setCpuScheduling } from '../process/cpu-scheduling.js';
import type { Part, StartPart } from '../process/part.js';
import { BfdProcess } from './bfd-process.js';

/**
 * A session has so long to come up before it is told that it is not, ms. VRRP takes all sessions for down at its own start; later, one that
 * is new, or one of a process that follows one that died, must not end a mastership that its neighbour does not end.
 */
const GRACE_MS = 3000;

/** Neighbours that miss us sooner than this, µs, must not wait for whatever else computes here. */
const URGENT_US = 100_000;
/** Above every ordinary process, below the kernel's own threads; bfd_rt_priority and bfd_priority say otherwise. */
const URGENT_PRIORITY = 10;

function applyCpuScheduling({ global, bfds }: KeepalivedConfiguration, log: Log): void {
  const settings = global.processes.bfd;
  const urgent = bfds.some(({ minTxUs, multiplier }) => minTxUs * multiplier < URGENT_US);
  const own = settings.rtPriority !== undefined || settings.priority !== undefined;
  setCpuScheduling('bfd', urgent && !own ? { ...settings, rtPriority: URGENT_PRIORITY } : settings, log);
}

/** Whether its clients should know that it is not up. A neighbour that took itself out of service is no failure (RFC 5882 §4.2). */
export const isReportedDown = ({ state, remoteState, wentUp }: Pick<Session, 'state' | 'remoteState' | 'wentUp'>): boolean =>
  state !== 'up' && !(remoteState === 'adminDown' && wentUp > 0);

export const startBfd: StartPart = (configuration, options, log, tell): Part => {
  applyCpuScheduling(configuration, log);
  let current: KeepalivedConfiguration = configuration;
  const sendEvent = ({ name, events }: BfdInstance, up: boolean): void => tell({ kind: 'bfd', name, up, sentAtUs: monotonicUs(), events });
  const bfd = new BfdProcess({ sessions: configuration.bfds, log, onEvent: sendEvent });
  const sessions = (): readonly Session[] => bfd.describe().state.sessions;
  const sendUp = (): void => sessions().forEach(({ config, state }) => state === 'up' && sendEvent(config, true));
  const sendDown = (): void => sessions().forEach((session) => isReportedDown(session) && sendEvent(session.config, false));
  let grace = setTimeout(sendDown, GRACE_MS);
  const text = (): string =>
    `${globalText(current)}${bfdLines(bfd.describe(), hostClocks())
      .map((line) => `${line}\n`)
      .join('')}`;
  if (options.dump) for (const line of text().trimEnd().split('\n')) log('info', line);
  const record = new ReloadRecord('bfd', text, log);
  return {
    reload: (next) =>
      record.around(current.global, next.global, () => {
        current = next;
        applyCpuScheduling(next, log);
        bfd.reload(next.bfds);
        // Who did not want to hear of it before may want to now.
        sendUp();
        clearTimeout(grace);
        grace = setTimeout(sendDown, GRACE_MS);
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
