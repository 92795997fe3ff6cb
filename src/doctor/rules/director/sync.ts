// Connection synchronisation: daemons that have ended, that get no messages, or that have different services.
import type { SyncCount } from '../../../host/sync/sync-counts.js';
import { formatAddress } from '../../../model/address-text.js';
import { counted } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { shellWord } from '../../../model/shell-word.js';
import type { DaemonSettings } from '../../../model/sync-daemon.js';
import type { DirectorFacts, SyncDaemonFact } from '../../facts.js';

/** A master of weir answers a backup once a minute, whether or not there is news. */
const SILENT_SECONDS = 150;
/** Of `refused`: messages of other directors' groups. */
const OTHER_ID = 'sync-id';
/** Of `refused`: messages of hosts that are no peers. */
const OTHER_SENDER = 'sender';
/** Of `refused`: what is no fault of the message. */
const NO_FAULTS: ReadonlySet<string> = new Set([OTHER_ID, OTHER_SENDER, 'stream']);

const number = (count: SyncCount | undefined): number => (typeof count === 'number' ? count : 0);
const reasons = (count: SyncCount | undefined): Readonly<Record<string, number>> => (typeof count === 'object' ? count : {});

/** The command that starts it again. */
function startCommand({ role, interface: device, syncId, maxLength, group, port, ttl, peers }: DaemonSettings): string {
  const place = `--mcast-group ${formatAddress(group)} --mcast-port ${port} --mcast-ttl ${ttl}`;
  const from = peers === undefined ? '' : ` --sync-peers ${peers.map(formatAddress).join(',')}`;
  return `ipvsadm --start-daemon ${role} --mcast-interface ${shellWord(device)} --syncid ${syncId} --sync-maxlen ${maxLength} ${place}${from}`;
}

const where = ({ interface: device, group, port }: DaemonSettings): string => `${formatAddress(group)} port ${port} by ${device}`;

function ended({ settings, isRunning }: SyncDaemonFact): readonly Finding[] {
  if (isRunning) return [];
  return [
    {
      severity: 'error',
      code: 'sync-ended',
      what: `the synchronisation daemon (${settings.role}) has ended without being stopped`,
      cause: 'its process was killed, or failed: the log has why; traffic goes on, but connections are not synchronised',
      fix: startCommand(settings),
    },
  ];
}

function silent({ settings, isRunning, silentSeconds = 0 }: SyncDaemonFact): readonly Finding[] {
  if (!isRunning || settings.role !== 'backup' || silentSeconds <= SILENT_SECONDS) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-silent',
      what: `the backup has had no message for ${silentSeconds} s`,
      cause:
        'no master announces there, its link is cut, or a packet filter drops the messages: if this director takes over now, connections break ' +
        '(a master of the kernel that has no connections is silent, too)',
      advice: `on the other director: ipvsadm -L --daemon, and tcpdump -ni ${shellWord(settings.interface)} udp port ${settings.port}; messages go to ${where(settings)}`,
    },
  ];
}

/** Two pairs in one group, one a direction, have each other's messages: ids of this host's other daemon are meant to be there. */
function ofOtherId({ settings, counts }: SyncDaemonFact, all: readonly SyncDaemonFact[]): readonly Finding[] {
  const local = new Set(all.map((daemon) => daemon.settings.syncId));
  const others = Object.entries(reasons(counts['otherIds'])).filter(([id]) => !local.has(Number(id)));
  const times = others.reduce((sum, [, count]) => sum + count, 0);
  if (times === 0) return [];
  const ids = others.map(([id]) => id).join(', ');
  return [
    {
      severity: 'warning',
      code: 'sync-id-differs',
      what: `${counted(times, 'message')} for the ${settings.role} came with the sync id ${ids}, and it has ${settings.syncId}`,
      cause: 'the other director was started with another --syncid, or a third one shares the group',
      advice: 'give both directors one id: ipvsadm -L --daemon shows it; a pair of its own needs a group or a link of its own',
    },
  ];
}

function ofOthers({ settings, counts }: SyncDaemonFact): readonly Finding[] {
  const times = reasons(counts['refused'])[OTHER_SENDER] ?? 0;
  if (times === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-sender',
      what: `${counted(times, 'message')} came from a host that is no peer of the synchronisation daemon (${settings.role})`,
      cause: `--sync-peers names ${(settings.peers ?? []).map(formatAddress).join(', ')}: another program sends to the group, or a peer sends from another address`,
      advice: `tcpdump -ni ${shellWord(settings.interface)} udp port ${settings.port} has who sends; the addresses of all peers go into --sync-peers (lvs_sync_peers)`,
    },
  ];
}

function malformed({ counts }: SyncDaemonFact): readonly Finding[] {
  const bad = Object.entries(reasons(counts['refused'])).filter(([reason, times]) => !NO_FAULTS.has(reason) && times > 0);
  if (bad.length === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-refused',
      what: `messages or entries of synchronisation were refused: ${bad.map(([reason, times]) => `${reason} ${times}`).join(', ')}`,
      cause: 'a sender is damaged, longer messages than --sync-maxlen come, or another program sends to the group',
      advice: 'the protocol has no authentication: use a link that no other host is on, and name the peers (--sync-peers)',
    },
  ];
}

function unbound({ counts }: SyncDaemonFact): readonly Finding[] {
  const waiting = number(counts['unbound']);
  if (waiting === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-unbound',
      what: `${counted(waiting, 'connection')} of the other director ${waiting === 1 ? 'has' : 'have'} no service or no server here`,
      cause: 'the two directors have different services or servers',
      advice: 'compare ipvsadm -Sn of both; what waits is taken when its service and server come',
    },
  ];
}

function unsent({ settings, counts }: SyncDaemonFact): readonly Finding[] {
  const lost = number(counts['lost']);
  if (lost === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-unsent',
      what: `${counted(lost, 'message')} of synchronisation could not be sent by ${settings.interface}`,
      cause: 'the interface was down or gone, or a packet filter refuses them; all connections are announced again when it works',
      advice: `ip addr show dev ${shellWord(settings.interface)}; the log has the reason`,
    },
  ];
}

function overrun({ counts }: SyncDaemonFact): readonly Finding[] {
  const dropped = number(counts['overrun']);
  if (dropped === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-overrun',
      what: `${counted(dropped, 'connection')} of the other director ${dropped === 1 ? 'was' : 'were'} dropped, since too many waited`,
      cause: 'too many have no service or server here, or a command held the lock of the table for long',
      advice:
        'give both directors the same services; a master of weir announces all again within a minute, one of the kernel with their next packets',
    },
  ];
}

function dropped({ settings, counts }: SyncDaemonFact): readonly Finding[] {
  const messages = number(counts['dropped']);
  if (messages === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-dropped',
      what: `${counted(messages, 'message')} of synchronisation found no room in the socket's buffer`,
      cause: 'the process of the backup was stopped or had no CPU, or a flood of other messages came',
      advice: `tcpdump -ni ${shellWord(settings.interface)} udp port ${settings.port} has who sends; a master of weir announces all again within a minute, one of the kernel with their next packets`,
    },
  ];
}

const RULES = [ended, silent, ofOtherId, ofOthers, malformed, unbound, overrun, dropped, unsent];

export const syncRule = ({ syncDaemons }: DirectorFacts): readonly Finding[] =>
  syncDaemons.flatMap((daemon) => RULES.flatMap((rule) => rule(daemon, syncDaemons)));
