// weir sync: what synchronises connections with other directors.
import { openLog } from '../../daemon/log/log.js';
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { serviceManager } from '../../daemon/supervisor/service-manager.js';
import { StreamService } from '../../daemon/sync/stream-service.js';
import { SyncDaemon } from '../../daemon/sync/sync-daemon.js';
import { graceRecord } from '../../datapath/ebpf/grace-record.js';
import { GRACE_MAX_SECONDS, type Grace, graceOf, setGrace } from '../../datapath/ebpf/table/grace.js';
import { HostSyncDaemons } from '../../host/sync/host-sync-daemons.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import { makeStreamKey } from '../../host/sync/stream-key.js';
import { readSyncCounts } from '../../host/sync/sync-counts.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { anywhereFor, HOLD_MAX_MS, STREAM_PORT, wouldBreak } from '../../model/stream-node.js';
import { DAEMON_ROLES, type DaemonRole } from '../../model/sync-daemon.js';
import { observedReader } from '../../report/observed-reader.js';
import { monotonicUs } from '../../sys/clock.js';
import { command, expectWords } from '../command.js';
import type { Io } from '../io.js';
import { readStreamNode, readStreamPeer } from '../sync/read-stream-node.js';
import { streamStatusText } from '../sync/stream-status-text.js';
import { graceText, syncStatusJson, syncStatusText } from '../sync/sync-status-text.js';
import { untilStopped } from '../until-stopped.js';

const USAGE = `usage: weir sync status [--json]
       prints what synchronises the connections of this network namespace, what each has counted, and how long a grace period still
       runs; it changes nothing. Between nodes of weir it prints how many connections would break if this node died now.
       weir sync keygen FILE
       writes a new secret key into FILE, which must not be there, and prints its pin
       weir sync serve --key FILE [--listen ADDRESS[:PORT]] [--hold MS] PEER[:PORT][=PIN] ...
       keeps the connections of this node and its peers the same, by TCP and TLS 1.3, until it is stopped. PEER is the address that
       another node listens on, and that it sends from; its port is ${STREAM_PORT} where none is named. It must have the key with this
       PIN; without one, this node's own: then all nodes have the same FILE. Addresses of IPv6 with a port are written in brackets
       weir sync grace SECONDS
       for so many seconds, 60 at most, TCP and SCTP of connections that are not known here are dropped, where they would be
       reset: before this director takes over, so that connections may still come from the other one; 0 ends it. The
       default of weir's daemon, where connections are synchronised, is 3 (lvs_sync_grace)
       weir sync grace [--json]
       prints how long it still runs: {"seconds": what was set, "left": seconds}, or null
       weir sync run master | backup
       is a daemon of the kernel's protocol, as ipvsadm --start-daemon starts it: not to be called by hand
       --key     serve: the file of this node's key, as keygen makes it, for root alone
       --listen  serve: where peers connect to: 0.0.0.0 by default, or :: where the first peer has an IPv6 address; port ${STREAM_PORT}
       --hold    serve: the first packet of a new connection waits for so many milliseconds, ${HOLD_MAX_MS} at most, until the peers have the
                 connection; 0 by default: it does not wait
       --json    status, grace: the same for a program
       exit status: 0; 1: it could not; 2: wrong words; of status 3 where none runs
`;
const NONE_RUNS = 3;

const isRole = (word: string | undefined): word is DaemonRole => DAEMON_ROLES.some((role) => role === word);

async function runDaemon(role: DaemonRole): Promise<number> {
  const { log, close } = openLog(
    { detail: false, console: false, syslog: true, facility: LOG_FACILITIES['daemon'] ?? 0 },
    `weir-sync-${role}`,
  );
  process.umask(0o022);
  const daemon = new SyncDaemon(role, log);
  // Its error output is read no more: the command that started it ends now.
  const exit = await untilStopped(log, () => daemon.stop());
  close();
  return exit;
}

function status(json: boolean, io: Io): number {
  const daemons = new HostSyncDaemons().daemons().map((settings) => ({ settings, counts: readSyncCounts(settings.role) ?? {} }));
  const stream = readStreamStatus();
  const nowSeconds = Math.round(monotonicUs() / 1_000_000);
  if (json) {
    const listed = syncStatusJson(daemons, nowSeconds);
    io.out(`${JSON.stringify(stream === undefined ? listed : [...listed, { stream, wouldBreak: wouldBreak(stream) ?? null }])}\n`);
  } else {
    const listed = stream !== undefined && daemons.length === 0 ? '' : syncStatusText(daemons, nowSeconds);
    io.out(`${stream === undefined ? '' : streamStatusText(stream)}${listed}${graceText(runningGrace())}`);
  }
  return daemons.length > 0 || stream !== undefined ? 0 : NONE_RUNS;
}

function runningGrace(): Grace | undefined {
  const conf = graceRecord();
  return conf && graceOf(conf);
}

function grace(text: string | undefined, json: boolean, io: Io): number {
  if (text === undefined) {
    const running = runningGrace();
    io.out(json ? `${JSON.stringify(running ?? null)}\n` : graceText(running) || 'no grace period runs\n');
    return 0;
  }
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  const expected = `whole seconds, up to ${GRACE_MAX_SECONDS}`;
  if (json || !(seconds <= GRACE_MAX_SECONDS)) throw new WeirError('option-value', { option: 'weir sync grace', expected, given: text });
  observedReader().close(); // throws what hinders it
  const conf = graceRecord();
  if (conf === undefined) throw new WeirError('datapath-not-loaded');
  setGrace(conf, seconds);
  return 0;
}

interface ServeFlags {
  readonly key?: string;
  readonly listen?: string;
  readonly hold?: string;
}

function holdMs(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (ms <= HOLD_MAX_MS) return ms;
  throw new WeirError('option-value', { option: '--hold', expected: `whole milliseconds, up to ${HOLD_MAX_MS}`, given: text });
}

/** Until SIGTERM, in the foreground. */
async function serve({ key: keyPath, listen, hold }: ServeFlags, peers: readonly string[]): Promise<number> {
  if (keyPath === undefined) throw new WeirError('option-missing', { option: '--key' });
  const found = peers.map(readStreamPeer);
  const [first] = found;
  if (first === undefined) throw new WeirError('argument-missing', { expected: 'PEER, the address of another node,' });
  const at = listen === undefined ? anywhereFor(first) : readStreamNode('--listen', listen);
  const stream = { key: keyPath, listen: at, peers: found, ...(hold !== undefined && { holdMs: holdMs(hold) }) };
  const { log, close } = openLog({ detail: false, console: true, syslog: false, facility: LOG_FACILITIES['daemon'] ?? 0 }, 'weir-sync');
  const manager = serviceManager(process.env);
  const service = new StreamService(stream, log);
  manager.notify('READY=1'); // a daemon of VRRP that starts after it knows of the stream, and waits for connections
  const exit = await untilStopped(log, () => service.stop());
  close();
  return exit;
}

const types = { json: 'flag', key: 'value', listen: 'value', hold: 'value' } as const;

export const run = command({ name: 'weir sync', usage: USAGE, types }, ({ flags, words }, io) => {
  const [what, word, ...more] = words;
  switch (what) {
    case 'status':
      expectWords(words, 1);
      return status(flags.json === true, io);
    case 'grace':
      expectWords(words, Math.min(words.length, 2));
      return grace(word, flags.json === true, io);
    case 'keygen':
      expectWords(words, 2);
      if (word === undefined) throw new WeirError('argument-missing', { expected: 'FILE, where the key is to be written,' });
      io.out(`${makeStreamKey(word).pin}\n`);
      return 0;
    case 'serve':
      return serve(flags, word === undefined ? [] : [word, ...more]);
    case 'run':
      if (!isRole(word)) break;
      expectWords(words, 2);
      return runDaemon(word);
  }
  if (what === undefined) throw new WeirError('usage', { usage: USAGE });
  throw new WeirError('option-value', { option: 'weir sync', expected: 'status, keygen, serve or grace', given: words.join(' ') });
});
