// lvs_sync_daemon, lvs_timeouts and lvs_flush_on_stop of global_defs (keepalived.conf(5)).

import { type Address, isMulticast } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { GlobalSettings } from '../../../../model/keepalived/global.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { allOf, has, nameOf, placeOf, wordsOf } from '../../values/values.js';

type SyncDaemon = NonNullable<GlobalSettings['lvsSyncDaemon']>;
type Draft = { -readonly [K in keyof SyncDaemon]?: SyncDaemon[K] };

const options: ReadonlyMap<string, { readonly key: 'maxLength' | 'port' | 'ttl'; readonly max: number }> = new Map([
  ['maxlen', { key: 'maxLength', max: 65507 }],
  ['port', { key: 'port', max: 65535 }],
  ['ttl', { key: 'ttl', max: 255 }],
]);

function readGroup(word: Word, draft: Draft, report: Report): void {
  const group = parseAddress(word.text);
  if (group === undefined) report('sync-daemon-group-invalid', word.at, { word: word.text });
  else if (!isMulticast(group)) report('sync-daemon-group-not-multicast', word.at, { word: word.text });
  else draft.group = group;
}

function readSyncId(word: Word | undefined, keyword: Word, draft: Draft, report: Report): void {
  if (word === undefined) {
    report('sync-daemon-id-missing', keyword.at);
    return;
  }
  const { value, problem } = readWhole(word.text, { min: 0, max: 255 });
  if (value !== undefined) {
    draft.syncId = value;
    return;
  }
  reportProblem(report, word.at, problem);
  report('sync-daemon-id-invalid', word.at, { word: word.text });
}

/** Reads one option and its value; the number of words read, 0: it is no option. */
function readOption(keyword: Word, value: Word | undefined, draft: Draft, report: Report): 0 | 1 | 2 {
  const option = options.get(keyword.text);
  if (keyword.text === 'id') readSyncId(value, keyword, draft, report);
  else if (keyword.text === 'inst' && value !== undefined) draft.instance = value.text;
  else if (keyword.text === 'group' && value !== undefined) readGroup(value, draft, report);
  else if (option !== undefined) {
    const { value: number, problem } = readWhole(value?.text ?? 'none', { min: 1, max: option.max });
    if (number !== undefined) draft[option.key] = number;
    else {
      reportProblem(report, value?.at ?? keyword.at, problem);
      report('sync-daemon-option-invalid', value?.at ?? keyword.at, { keyword: keyword.text, value: value?.text ?? '' });
    }
  } else return 0;
  return value === undefined ? 1 : 2;
}

/** A word without a keyword: the instance (once), then a sync id (the old form). */
function readBare(word: Word, draft: Draft, report: Report): void {
  if (draft.instance === undefined) {
    draft.instance = word.text;
    return;
  }
  readSyncId(word, word, draft, report);
  if (draft.syncId !== undefined) report('sync-daemon-id-keyword', word.at);
}

function readDaemon(words: readonly Word[], report: Report): SyncDaemon | undefined {
  const [device, ...rest] = words;
  if (device === undefined) return undefined;
  if (device.text.length > 15) {
    report('sync-daemon-interface-name-long', device.at, { interface: device.text });
    return undefined;
  }
  const draft: Draft = {};
  for (let at = 0; at < rest.length; ) {
    const taken = readOption(rest[at]!, rest[at + 1], draft, report);
    if (taken === 0) readBare(rest[at]!, draft, report);
    at += taken || 1;
  }
  return { ...draft, interface: device.text };
}

/** Who may send; `none`: a line names peers, and no address that could be one: then nothing is to be taken from any. */
function readPeers(global: Values, report: Report): Pick<SyncDaemon, 'peers'> | 'none' {
  const words = allOf(global, 'lvs_sync_peers').flatMap(({ value }) => value as readonly Word[]);
  const peers = words.flatMap((word): readonly Address[] => {
    const address = parseAddress(word.text);
    if (address !== undefined && !isMulticast(address)) return [address];
    report('sync-peer-invalid', word.at, { word: word.text });
    return [];
  });
  if (peers.length > 0) return { peers };
  return words.length > 0 ? 'none' : {};
}

/** The synchronisation daemon, if there is a usable line; the first one counts. */
export function buildSyncDaemon(global: Values, report: Report): SyncDaemon | undefined {
  let found: SyncDaemon | undefined;
  for (const { value, at } of allOf(global, 'lvs_sync_daemon')) {
    if (found === undefined) found = readDaemon(value as readonly Word[], report);
    else report('sync-daemon-twice', at, { interface: found.interface, instance: found.instance ?? '' });
  }
  return found;
}

/** The daemon, of whichever form, with those that it takes messages from. */
export function withSyncPeers(daemon: SyncDaemon | undefined, global: Values, report: Report): SyncDaemon | undefined {
  const peers = readPeers(global, report);
  if (peers !== 'none') return daemon && { ...daemon, ...peers };
  report('sync-peers-none', placeOf(global, 'lvs_sync_peers'));
  return undefined;
}

/** The old form: an instance names the interface. Its sync id is 0, not the instance's VRID. */
export function oldSyncDaemon(instance: Values, current: SyncDaemon | undefined, report: Report): SyncDaemon | undefined {
  const [device] = wordsOf(instance, 'lvs_sync_daemon_interface') ?? [];
  if (device === undefined) return current;
  const name = nameOf(instance);
  report('sync-daemon-interface-deprecated', device.at, { name });
  report('sync-daemon-interface-deprecated-use', device.at, { interface: device.text, name });
  if (current === undefined) return { interface: device.text, instance: name, syncId: 0 };
  report('sync-daemon-interface-twice', device.at, { name, interface: current.interface });
  return current;
}

/** Seconds; a timeout that the line does not name is 0: unchanged. */
export function buildTimeouts(global: Values, report: Report): GlobalSettings['lvsTimeouts'] | undefined {
  const words = wordsOf(global, 'lvs_timeouts');
  if (words === undefined) return undefined;
  const found = { tcp: 0, tcpFin: 0, udp: 0 };
  const keys = new Map<string, keyof typeof found>([
    ['tcp', 'tcp'],
    ['tcpfin', 'tcpFin'],
    ['udp', 'udp'],
  ]);
  for (let at = 0; at < words.length; at++) {
    const option = words[at]!;
    const key = keys.get(option.text);
    if (key === undefined) {
      report('lvs-timeout-unknown', option.at, { option: option.text });
      continue;
    }
    const word = words[++at] ?? option;
    const { value, problem } = readWhole(word === option ? 'none' : word.text, { min: 0, max: 2_678_400 });
    if (value !== undefined) found[key] = value;
    else {
      reportProblem(report, word.at, problem);
      report('lvs-timeout-invalid', word.at, { option: option.text, value: word === option ? '' : word.text });
    }
  }
  return found;
}

export function buildFlushOnStop(global: Values, report: Report): GlobalSettings['lvsFlushOnStop'] {
  if (!has(global, 'lvs_flush_on_stop')) return 'no';
  const [word] = wordsOf(global, 'lvs_flush_on_stop') ?? [];
  if (word === undefined) return 'all';
  if (word.text === 'VS') return 'virtual-servers';
  report('lvs-flush-unknown', word.at, { word: word.text });
  return 'no';
}
