// weir's VRRP machine gets the recorded events of keepalived 2.2.7, and must log the same lines at the same times.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { root } from '../../support/project.js';
import { VRRP_DIFFERENCES } from './vrrp-differences.js';
import { type LogLine, type NodeName, type Recording, Replay } from './vrrp-replay.js';

/** Seconds: the recorder's machine was busy. */
const JITTER = 0.25;
const recordings = JSON.parse(
  gunzipSync(readFileSync(join(root, 'test/oracle/keepalived/vrrp-logs.json.gz'))).toString('utf8'),
) as Readonly<Record<string, Recording>>;
const COMPARED = /^(\(VI_|VRRP_Group|VRRP_Script|Script `|Netlink reports|Delaying|Unknown VRID|VI_\d: send)/;
/** Logged again at each reload without a change; blocks of ARP that keepalived forgets at a reload. */
const RELOAD_NOISE = /Changing effective|Sending\/queueing/;
const OURS =
  /SPLIT BRAIN|split brain|incompatible|should be link local|VMAC interface|vrrp\.51|ignoring tracked|considered|no longer exist|setting VIPs/;

/** Text that weir adds behind keepalived's. */
function comparable(lines: readonly LogLine[], reloads: boolean): readonly LogLine[] {
  const reported = lines.filter(([, text]) => COMPARED.test(text) && !OURS.test(text) && !(reloads && RELOAD_NOISE.test(text)));
  return reported.map(([at, text]): LogLine => [at, text.replace(/ \((from [^)]*|\d+ more like this were not logged)\)/g, '')]);
}

/** Repeated lines count once. */
function onceEach(lines: readonly LogLine[]): readonly LogLine[] {
  return lines.filter(([, text], index) => text !== lines[index - 1]?.[1]);
}

/** The subject of a line: lines of one instant about different subjects may come in any order. */
function subject([, text]: LogLine): string {
  return /^\((\w+)\)|^VRRP_Group/.exec(text)?.[0] ?? '';
}

function difference(theirs: readonly LogLine[], mine: readonly LogLine[]): string | undefined {
  for (let index = 0; index < Math.max(theirs.length, mine.length); index++) {
    const [a, b] = [theirs[index], mine[index]];
    if (a !== undefined && b !== undefined && a[1] === b[1] && Math.abs(a[0] - b[0]) <= JITTER) continue;
    return `keepalived: ${a?.join(' ')}\nours:       ${b?.join(' ')}\nbefore: ${mine[index - 1]?.join(' ')}`;
  }
  return undefined;
}

function differences(theirs: readonly LogLine[], mine: readonly LogLine[]): readonly string[] {
  const subjects = new Set([...theirs, ...mine].map(subject));
  return [...subjects].flatMap((one) => {
    const about = (lines: readonly LogLine[]) => onceEach(lines.filter((line) => subject(line) === one));
    return difference(about(theirs), about(mine)) ?? [];
  });
}

for (const [name, recording] of Object.entries(recordings)) {
  test(`${name}: as keepalived`, () => {
    const played = new Replay(recording).run();
    const found = (['A', 'B'] satisfies NodeName[]).flatMap((node) => {
      const reloads = recording.events.some(({ kind }) => kind === 'reload');
      return differences(comparable(recording.logs[node] ?? [], reloads), comparable(played[node], reloads)).map(
        (one) => `${node}: ${one}`,
      );
    });
    const reason = VRRP_DIFFERENCES[name];
    if (reason === undefined) assert.equal(found.join('\n'), '');
    else assert.notEqual(found.length, 0, `listed as different (${reason}), but it is the same`);
  });
}
