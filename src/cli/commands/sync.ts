// weir sync: the daemons that synchronise connections with other directors.
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { SyncDaemon } from '../../daemon/sync/sync-daemon.js';
import { HostSyncDaemons } from '../../host/sync/host-sync-daemons.js';
import { readSyncCounts } from '../../host/sync/sync-counts.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { DAEMON_ROLES, type DaemonRole } from '../../model/sync-daemon.js';
import { monotonicUs } from '../../sys/clock.js';
import { command, expectWords } from '../command.js';
import type { Io } from '../io.js';
import { syncStatusText } from '../sync-status-text.js';

const USAGE = `usage: weir sync status [--json]
       prints the synchronisation daemons of this network namespace, and what each has counted; it changes nothing
       weir sync run master | backup
       is such a daemon, as ipvsadm --start-daemon starts it: not to be called by hand
       exit status: 0; of status 3 where none runs
`;
const NONE_RUNS = 3;

const isRole = (word: string | undefined): word is DaemonRole => DAEMON_ROLES.some((role) => role === word);

/** Until SIGTERM. */
async function runDaemon(role: DaemonRole): Promise<number> {
  const { log, close } = openLog(
    { detail: false, console: false, syslog: true, facility: LOG_FACILITIES['daemon'] ?? 0 },
    `weir-sync-${role}`,
  );
  process.umask(0o022);
  const daemon = new SyncDaemon(role, log);
  // Its error output is read no more: the command that started it ends now.
  process.on('uncaughtException', (error) => {
    log('error', `unexpected error, please report it: ${error.stack ?? error.message}`);
    process.exit(1);
  });
  await new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
    process.on('SIGHUP', () => {});
  });
  daemon.stop();
  close();
  return 0;
}

function status(json: boolean, io: Io): number {
  const daemons = new HostSyncDaemons().daemons().map((settings) => ({ settings, counts: readSyncCounts(settings.role) ?? {} }));
  io.out(json ? `${JSON.stringify(daemons)}\n` : syncStatusText(daemons, Math.round(monotonicUs() / 1_000_000)));
  return daemons.length > 0 ? 0 : NONE_RUNS;
}

export const run = command({ name: 'weir sync', usage: USAGE, types: { json: 'flag' } }, ({ flags, words }, io) => {
  const [what, role] = words;
  if (what === 'status') {
    expectWords(words, 1);
    return status(flags.json === true, io);
  }
  if (what !== 'run' || !isRole(role))
    throw new WeirError('option-value', { option: 'weir sync', expected: 'status, or run with a role', given: words.join(' ') });
  expectWords(words, 2);
  return runDaemon(role);
});
