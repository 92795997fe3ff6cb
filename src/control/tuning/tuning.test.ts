// The table of sysctls against hosts: what is wanted, what is remembered before it is written, and what an undo gives back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TUNING_ROLES, type TuningRole } from '../../model/tuning/row.js';
import { damagePaths, idleRows, refusedRows, tuningRows, tuningTable } from '../../model/tuning/table.js';
import { planApply, planUndo } from './apply.js';
import { clockOffset, clockVerdict } from './clock-offset.js';
import { dropInText, dropInValues } from './drop-in.js';
import { rowPaths, sysctlPath, type TuningReading, tuningLines } from './plan.js';
import { NO_TUNING, readSavedTuning, type SavedTuning, writeSavedTuning } from './saved.js';
import { matchesPattern, otherSettings, sysctlEntries, sysctlOrder } from './sysctl-files.js';

const GIB = 2 ** 30;

/** A host on which every key of the table has this value. */
function host(
  values: Readonly<Record<string, string>>,
  { memory = 4 * GIB, initial = true, forwarding = undefined as boolean | undefined } = {},
): TuningReading {
  const interfaces = ['eth0', 'eth1.7'];
  const all = tuningTable.flatMap((row) => rowPaths(row, interfaces)).map((path) => [path, '0'] as const);
  return {
    host: { memoryBytes: memory, ...(forwarding === undefined ? {} : { forwarding }) },
    interfaces,
    companions: ['lo', ...interfaces],
    initial,
    settings: new Map([...all, ...Object.entries(values)]),
  };
}
const linesOf = (role: TuningRole, reading: TuningReading) =>
  new Map(tuningLines({ roles: [role] }, reading).map((line) => [line.path, line]));
const wanted = (role: TuningRole, path: string, now: string, more = {}) => linesOf(role, host({ [path]: now }, more)).get(path)?.wanted;

test('every row has its reason and its harm, stands once, and is of some role', () => {
  assert.equal(new Set(tuningTable.map(({ path }) => path)).size, tuningTable.length);
  for (const { path, roles, reason, harm } of tuningTable) {
    assert.match(path, /^(net|vm)\/[a-z0-9_/*]+$/);
    assert.ok(roles.length > 0 && reason.length > 20 && harm.length > 10, path);
  }
  assert.ok(TUNING_ROLES.every((role) => tuningRows([role]).length > 5));
  assert.ok(refusedRows.every(({ path }) => !tuningTable.some((row) => row.path === path)));
});

test('what a row wants does no damage, on a small host and on a large one', () => {
  for (const memory of [GIB / 4, GIB, 64 * GIB]) {
    for (const line of TUNING_ROLES.flatMap((role) => [...linesOf(role, host({}, { memory, forwarding: true })).values()])) {
      assert.equal(line.row.damage?.(line.wanted?.split(' ').map(Number) ?? []), undefined, line.path);
    }
  }
});

test('at least, at most, instead of, the widest: a value that is good enough stays', () => {
  assert.equal(wanted('realserver', 'net/core/somaxconn', '128'), '4096');
  assert.equal(wanted('realserver', 'net/core/somaxconn', '65535'), '65535');
  assert.equal(wanted('realserver', 'net/ipv4/tcp_fin_timeout', '60'), '30');
  assert.equal(wanted('realserver', 'net/ipv4/tcp_fin_timeout', '15'), '15');
  assert.equal(wanted('realserver', 'net/ipv4/tcp_synack_retries', '0'), '2');
  assert.equal(wanted('director', 'net/ipv4/conf/eth0/rp_filter', '1'), '2');
  assert.equal(wanted('director', 'net/ipv4/conf/eth0/rp_filter', '0'), '0');
  assert.equal(wanted('layer7', 'net/ipv4/ip_local_port_range', '32768\t60999'), '15000 60999');
  assert.equal(wanted('layer7', 'net/ipv4/ip_local_port_range', '1024 65535'), '1024 65535');
  assert.equal(wanted('realserver', 'net/ipv4/tcp_rmem', '8192\t131072\t33554432'), '8192 131072 33554432');
  assert.equal(wanted('realserver', 'net/ipv4/tcp_wmem', '4096 16384 4194304'), '4096 16384 16777216');
});

test('values follow the memory of the host', () => {
  const path = 'net/ipv4/tcp_max_syn_backlog';
  assert.deepEqual(
    [GIB, 4 * GIB].map((memory) => wanted('realserver', path, '128', { memory })),
    ['4096', '8192'],
  );
  const buffers = [GIB / 4, GIB, 64 * GIB].map((memory) => wanted('layer7', 'net/core/rmem_max', '1', { memory }));
  assert.deepEqual(buffers, ['4194304', '16777216', '16777216']);
});

test('forwarding is left as it is unless it is asked for', () => {
  const path = 'net/ipv4/ip_forward';
  assert.equal(linesOf('director', host({})).has(path), false);
  assert.equal(wanted('director', path, '0', { forwarding: true }), '1');
  assert.equal(wanted('director', 'net/ipv4/conf/all/send_redirects', '1', { forwarding: true }), '0');
  assert.equal(linesOf('director', host({}, { forwarding: false })).has('net/ipv4/conf/all/send_redirects'), false);
});

test('what is absent is a line, and what is of the host is not changed from a namespace', () => {
  const bare = {
    ...host({}),
    settings: new Map([
      ['vm/swappiness', '60'],
      ['net/ipv4/tcp_syncookies', 'x'],
    ]),
  };
  const states = (reading: TuningReading) => [...linesOf('realserver', reading).values()].map(({ path, state }) => [path, state] as const);
  const first = new Map(states(bare));
  assert.deepEqual(
    [first.get('net/core/somaxconn'), first.get('vm/swappiness'), first.get('net/ipv4/tcp_syncookies')],
    ['absent', 'differs', 'unreadable'],
  );
  const inner = new Map(states({ ...bare, initial: false }));
  assert.deepEqual(
    [inner.get('net/core/somaxconn'), inner.get('vm/swappiness'), inner.get('net/core/rmem_max')],
    ['absent', 'of-host', 'of-host'],
  );
  const reading = { ...bare, initial: false };
  assert.deepEqual(planApply(tuningLines({ roles: ['realserver'] }, reading), reading, NO_TUNING).writes, []);
});

test('what ends connections does nothing for a director, and some of its keys alone can do damage in a namespace', () => {
  assert.ok(idleRows(['director']).some(({ path }) => path === 'net/ipv4/tcp_syncookies'));
  assert.deepEqual(idleRows(['director', 'layer7']), []);
  assert.ok(damagePaths(true).includes('net/core/netdev_budget'));
  assert.ok(!damagePaths(false).includes('net/core/netdev_budget') && damagePaths(false).includes('net/ipv4/tcp_syncookies'));
});

const FORWARD = 'net/ipv4/ip_forward';
const ETH = 'net/ipv4/conf/eth0/forwarding';
const REDIRECTS = 'net/ipv4/conf/all/accept_redirects';

test('with ip_forward is remembered what the kernel changes by the way, and an undo gives each back', () => {
  const reading = host({ [FORWARD]: '0', [ETH]: '1', [REDIRECTS]: '1', 'net/ipv4/conf/lo/forwarding': '0' }, { forwarding: true });
  const lines = tuningLines({ roles: ['director'], only: [FORWARD] }, reading);
  const { saved, writes } = planApply(lines, reading, NO_TUNING);
  assert.deepEqual(writes, [{ path: FORWARD, value: '1' }]);
  const after = new Map([
    [FORWARD, '1'],
    [ETH, '1'],
    [REDIRECTS, '0'],
    ['net/ipv4/conf/lo/forwarding', '1'],
  ]);
  const { restoring, changedSince } = planUndo(saved, after);
  assert.deepEqual(restoring.slice(0, 1), [{ path: FORWARD, value: '0' }]);
  assert.deepEqual(new Map(restoring.map(({ path, value }) => [path, value])).get(ETH), '1');
  assert.deepEqual([restoring.length, changedSince], [4, []]);
});

test('a value that others changed since stays, and is written again as it is', () => {
  const path = 'net/core/somaxconn';
  const saved: SavedTuning = { version: 1, settings: [{ path, previous: '128', set: '4096' }] };
  assert.deepEqual(planUndo(saved, new Map([[path, '4096']])).restoring, [{ path, value: '128' }]);
  assert.deepEqual(planUndo(saved, new Map([[path, '128']])).restoring, [{ path, value: '128' }]);
  const { restoring, changedSince } = planUndo(saved, new Map([[path, '9999']]));
  assert.deepEqual([restoring, changedSince.map(({ now }) => now)], [[{ path, value: '9999' }], ['9999']]);
  assert.deepEqual(planUndo(saved, new Map()), { restoring: [], changedSince: [] });
  // An undo that was killed goes on with what it had decided.
  const half = { ...saved, restoring: [{ path, value: '128' }] };
  assert.deepEqual(planUndo(half, new Map([[path, '7']])), { restoring: half.restoring, changedSince: [] });
});

test('a second apply remembers the first value, and another one where a person changed it', () => {
  const path = 'net/core/somaxconn';
  const apply = (now: string, saved: SavedTuning) => {
    const reading = host({ [path]: now });
    return planApply(tuningLines({ roles: ['realserver'], only: [path] }, reading), reading, saved).saved.settings;
  };
  const first = apply('128', NO_TUNING);
  assert.deepEqual(first, [{ path, previous: '128', set: '4096' }]);
  assert.deepEqual(apply('128', { version: 1, settings: first }), first);
  assert.deepEqual(apply('64', { version: 1, settings: first }), [{ path, previous: '64', set: '4096' }]);
});

test('the record is read back, and a damaged or foreign one is none', () => {
  const saved: SavedTuning = { version: 1, settings: [{ path: ETH, previous: '0', set: '1' }], restoring: [{ path: ETH, value: '0' }] };
  assert.deepEqual(readSavedTuning(writeSavedTuning(saved)), saved);
  const withPath = (path: string) => readSavedTuning(JSON.stringify({ version: 1, settings: [{ path, previous: '0', set: '1' }] }));
  assert.ok(withPath('net/ipv4/conf/eth1.7/rp_filter'));
  for (const path of [
    'kernel/core_pattern',
    'net/ipv4/conf/../../x/rp_filter',
    'net/ipv4/conf/../forwarding',
    'net/ipv4/conf/a/b/rp_filter',
  ]) {
    assert.equal(withPath(path), undefined, path);
  }
  for (const text of [
    '',
    '{',
    '[]',
    '{"version":2,"settings":[]}',
    '{"version":1,"settings":[{"path":"vm/swappiness","previous":"1\\n","set":"1"}]}',
  ]) {
    assert.equal(readSavedTuning(text), undefined, text);
  }
});

test('keys are read as sysctl.d(5) has them', () => {
  assert.equal(sysctlPath('net.ipv4.conf.eth0/7.rp_filter'), 'net/ipv4/conf/eth0.7/rp_filter');
  assert.equal(sysctlPath('net/ipv4/conf/eth0.7/rp_filter'), 'net/ipv4/conf/eth0.7/rp_filter');
  const text = '# a = 1\n; b = 2\n-net.core.somaxconn=1\n  net.ipv4.tcp_rmem = 1\t2  3 \nnot.assigned\n';
  assert.deepEqual(sysctlEntries(text), [
    { line: 3, pattern: 'net/core/somaxconn', value: '1' },
    { line: 4, pattern: 'net/ipv4/tcp_rmem', value: '1 2 3' },
  ]);
  assert.ok(matchesPattern('net/ipv4/conf/*/rp_filter', 'net/ipv4/conf/eth0/rp_filter'));
  assert.ok(!matchesPattern('net/*/rp_filter', 'net/ipv4/conf/eth0/rp_filter'));
  assert.ok(!matchesPattern(`${'*'.repeat(3000)}x`, 'net/ipv4/conf/eth0/rp_filter'));
});

test('other files that set a key otherwise are named with line and with which of both counts', () => {
  const files = [
    { path: '/etc/sysctl.d/10-a.conf', text: 'net.core.somaxconn = 1\n' },
    { path: '/etc/sysctl.d/99-z.conf', text: '# x\nnet.core.* = 2\nnet.core.somaxconn = 4096\n' },
    { path: '/usr/lib/sysctl.d/99-z.conf', text: 'net.core.somaxconn = 3\n' },
    { path: '/etc/sysctl.conf', text: 'net.core.somaxconn=4\n' },
  ];
  assert.deepEqual(
    sysctlOrder(files).map(({ path }) => path),
    ['/etc/sysctl.d/10-a.conf', '/etc/sysctl.d/99-z.conf', '/etc/sysctl.conf'],
  );
  const others = otherSettings(files, '/etc/sysctl.d/60-weir-realserver.conf', new Map([['net/core/somaxconn', '4096']]));
  assert.deepEqual(
    others.map(({ file, line, value, wins }) => [file, line, value, wins]),
    [
      ['/etc/sysctl.d/10-a.conf', 1, '1', false],
      ['/etc/sysctl.d/99-z.conf', 2, '2', true],
      ['/etc/sysctl.conf', 1, '4', true],
    ],
  );
});

test('the file for the next boot has what weir changed, is the same before and after, and pins no value of the kernel', () => {
  const before = host({ 'net/core/somaxconn': '128', 'net/ipv4/tcp_fin_timeout': '15' });
  const [lines, applied] = [tuningLines({ roles: ['realserver'] }, before), { ...before, settings: new Map(before.settings) }];
  const { saved, writes } = planApply(lines, before, NO_TUNING);
  for (const { path, value } of writes) applied.settings.set(path, value);
  const text = dropInText('realserver', lines, dropInValues(lines, NO_TUNING, undefined));
  assert.match(text, /^net\.core\.somaxconn = 4096$/m);
  assert.doesNotMatch(text, /tcp_fin_timeout/);
  const later = tuningLines({ roles: ['realserver'] }, applied);
  assert.equal(dropInText('realserver', later, dropInValues(later, saved, undefined)), text);
  // After the next boot nothing is remembered, and the file is there.
  assert.equal(dropInText('realserver', later, dropInValues(later, NO_TUNING, text)), text);
});

const sample = (originateMs: number, ahead: number, forth = 2, back = 2) => ({
  originateMs,
  receiveMs: (originateMs + forth + ahead + 86_400_000) % 86_400_000,
  transmitMs: (originateMs + forth + ahead + 86_400_000) % 86_400_000,
  arrivalMs: (originateMs + forth + back) % 86_400_000,
});

test('the offset of a clock is that of the fastest answer, also around midnight', () => {
  for (const ahead of [0, 1, 5000, -5000, 40_000_000, -40_000_000]) {
    for (const start of [0, 1, 43_200_000, 86_399_999]) {
      const found = clockOffset([sample(start, ahead, 90, 10), sample(start, ahead), sample(start, ahead, 1, 70)]);
      assert.deepEqual([found?.offsetMs, found?.uncertaintyMs], [ahead, 3], `${start} ${ahead}`);
    }
  }
  assert.equal(clockOffset([]), undefined);
  assert.equal(clockOffset([{ originateMs: 5, receiveMs: 2 ** 31 + 5, transmitMs: 2 ** 31 + 5, arrivalMs: 7 }]), undefined);
});

test('a clock differs only where it certainly does', () => {
  const verdict = (offsetMs: number, uncertaintyMs: number) => clockVerdict({ offsetMs, uncertaintyMs }, 500);
  assert.deepEqual(
    [verdict(-502, 1), verdict(499, 1), verdict(500, 1), verdict(0, 900), verdict(2000, 900)],
    ['differs', 'same', 'unsure', 'unsure', 'differs'],
  );
});
