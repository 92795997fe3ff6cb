// Compares keepalived's data dump of each recorded file (written at the end of -t) with weir's model: every value of every instance,
// virtual server and checker. Differences are listed in understood-differences.json by reason; any other fails. WEIR_WRITE_DIFFERENCES=1
// rewrites that file: new entries have the reason "".
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import { root } from '../../support/project.js';
import { filesOf, isComparable, readRecorded } from './recorded.js';
import { instancesOf, servicesOf } from './understood.js';

const here = join(root, 'test/oracle/keepalived');

/** `vrrp`: cases whose instances differ from `base` (that of most files: one plain instance). */
interface Understood {
  readonly base: readonly string[];
  readonly vrrp: Readonly<Record<string, readonly string[]>>;
  readonly check: Readonly<Record<string, readonly string[]>>;
}
type Part = readonly [theirs: readonly string[], ours: readonly string[]];
interface Listed {
  readonly reasons: Readonly<Record<string, string>>;
  /** `name part` → [reason, keepalived's lines, weir's lines] */
  readonly cases: Readonly<Record<string, readonly [string, readonly string[], readonly string[]]>>;
}

const understood = JSON.parse(gunzipSync(readFileSync(join(here, 'understood.json.gz'))).toString('utf8')) as Understood;
const file = join(here, 'understood-differences.json');
const listed = JSON.parse(readFileSync(file, 'utf8')) as Listed;

const less = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set(a)].filter((line) => !b.includes(line));

const found = new Map<string, Part>();
let compared = 0;
function compare(name: string, theirs: readonly string[] | undefined, ours: readonly string[]): void {
  if (theirs === undefined) return;
  compared++;
  const part: Part = [less(theirs, ours), less(ours, theirs)];
  if (part[0].length > 0 || part[1].length > 0) found.set(name, part);
}

for (const each of readRecorded(join(here, 'config.json.gz')).filter(isComparable)) {
  const [vrrp, check] = [understood.vrrp[each.name], understood.check[each.name]];
  if (vrrp === undefined && check === undefined) continue;
  const { configuration } = readKeepalived(filesOf(each), { path: 'keepalived.conf', directory: '/DIR', configId: 'vm', environment: {} });
  if (configuration === undefined) continue;
  compare(`${each.name} vrrp`, vrrp, instancesOf(configuration));
  compare(`${each.name} check`, check, servicesOf(configuration));
}

if (process.env['WEIR_WRITE_DIFFERENCES'] !== undefined) {
  const lines = [...found].map(([name, part]) => `${JSON.stringify(name)}: ${JSON.stringify([listed.cases[name]?.[0] ?? '', ...part])}`);
  writeFileSync(file, `{\n"reasons": ${JSON.stringify(listed.reasons, null, 1)},\n"cases": {\n${lines.join(',\n')}\n}\n}\n`);
}

test('the recording is whole', () => assert.ok(compared > 3_000, `${compared}`));

test('what differs is listed, and nothing else', () => {
  const wrong = [...new Set([...found.keys(), ...Object.keys(listed.cases)])].filter(
    (name) => JSON.stringify(listed.cases[name]?.slice(1) ?? []) !== JSON.stringify(found.get(name) ?? []),
  );
  assert.deepEqual(Object.fromEntries(wrong.slice(0, 20).map((name) => [name, found.get(name)])), {}, `${wrong.length} in all`);
});

test('docs/keepalived-config.md lists every reason', () => {
  // The page wraps its items.
  const text = readFileSync(join(root, 'docs/keepalived-config.md'), 'utf8').replaceAll('\n  ', ' ');
  assert.deepEqual(
    Object.values(listed.reasons).filter((reason) => !text.includes(`- ${reason}\n`)),
    [],
  );
});

test('every difference has a reason, and every reason a difference', () => {
  const used = new Set(Object.values(listed.cases).map(([reason]) => reason));
  assert.deepEqual([...used].sort(), Object.keys(listed.reasons).sort());
});
