// Notify scripts and track scripts: what they get, in which order they run, how they end; FIFOs byte for byte.
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Notify } from '../../src/model/keepalived/instance.js';
import type { TrackScript } from '../../src/model/keepalived/trackers.js';
import { noNamespaces } from '../support/netns-bed.js';
import { configuration, inBed, quick, script, testGlobal, type VrrpBed } from './vrrp-bed.js';

const options = { skip: noNamespaces() };

function write(bed: VrrpBed, name: string, body: string, mode = 0o755): string {
  const path = join(bed.folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

const lines = (path: string): readonly string[] => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []);

test("notify scripts of an instance run one after the other, in the order of its events, with keepalived's arguments", options, () =>
  inBed(async (bed) => {
    const out = join(bed.folder, 'out');
    // The first ones take longest: in any other order they would end in another one.
    const slow = write(bed, 'slow.sh', `echo "begin $*" >> ${out}; [ "$1" = backup ] && sleep 0.4; echo "end $*" >> ${out}`);
    const notify: Notify = {
      backup: script(slow, 'backup', 'two words'),
      master: script(slow, 'master'),
      stop: script(slow, 'stop'),
      all: script(slow, 'all'),
      priorityChanges: false,
      smtpAlert: false,
    };
    const daemon = bed.start(configuration([{ ...quick, notify }]));
    await daemon.until('the last script', () => lines(out).includes('end all INSTANCE VI_1 MASTER 100'));
    await daemon.stop();
    const runs = [
      'backup two words',
      'all INSTANCE VI_1 BACKUP 100',
      'master',
      'all INSTANCE VI_1 MASTER 100',
      'stop',
      'all INSTANCE VI_1 STOP 100',
    ];
    // The daemon waits a second for the scripts of its stop: a busy machine may not have got to their end.
    const recorded = lines(out);
    assert.ok(recorded.length >= 8, recorded.join('\n'));
    assert.deepEqual(recorded, runs.flatMap((run) => [`begin ${run}`, `end ${run}`]).slice(0, recorded.length));
  }),
);

test("a script has a process group of its own, nothing open but /dev/null, the daemon's umask and ordinary scheduling", options, () =>
  inBed(async (bed) => {
    const out = join(bed.folder, 'out');
    const record = write(
      bed,
      'tell.sh',
      [
        'for f in 0 1 2; do set -- "$@" "$(readlink /proc/$$/fd/$f)"; done',
        'set -- "$@" "$(umask)" "$(cut -d" " -f5 /proc/$$/stat)" "$$" "$(cut -d" " -f41 /proc/$$/stat)" "$(id -u)" "$(id -g)" "$(id -G)"',
        `for word; do echo "$word"; done > ${out}.new; mv ${out}.new ${out}`,
      ].join('\n'),
    );
    const master = { ...script(record), runAs: { user: 'nobody', group: 'nogroup' } };
    chmodSync(bed.folder, 0o777);
    const daemon = bed.start(configuration([{ ...quick, notify: { master, priorityChanges: false, smtpAlert: false } }]));
    await daemon.until('its words', () => lines(out).length > 0);
    const [zero, one, two, umask, group, pid, policy, uid, gid, groups] = lines(out);
    assert.deepEqual([zero, one, two], ['/dev/null', '/dev/null', '/dev/null']);
    assert.deepEqual(
      { umask, group, policy, uid, gid, groups },
      { umask: '0177', group: pid, policy: '0', uid: '65534', gid: '65534', groups: '65534' },
    );
  }),
);

const tracked = (name: string, path: string, more: Partial<TrackScript> = {}): TrackScript => ({
  name,
  script: script(path),
  intervalUs: 100_000,
  weight: 0,
  reverse: false,
  rise: 1,
  fall: 1,
  initFail: false,
  ...more,
});

test('a track script that fails, hangs and recovers', options, () =>
  inBed(async (bed) => {
    const state = join(bed.folder, 'state');
    // Replaced as a whole: the script must not read an empty one.
    const set = (text: string): void => {
      writeFileSync(`${state}.new`, text);
      renameSync(`${state}.new`, state);
    };
    set('0\n');
    const check = write(bed, 'check.sh', `read s < ${state}; [ "$s" = hang ] && { trap : TERM; while :; do sleep 0.05; done; }; exit $s`);
    const track = { ...quick.track, scripts: [{ name: 'chk' }] };
    const daemon = bed.start(configuration([{ ...quick, track }], { scripts: [tracked('chk', check, { timeoutUs: 5_000_000 })] }));
    await daemon.logged(/VRRP_Script\(chk\) succeeded/);
    await daemon.logged(/Entering MASTER STATE/);
    set('2\n');
    await daemon.logged(/Script `chk` now returning 2/);
    await daemon.logged(/VRRP_Script\(chk\) failed \(exited with status 2\)/);
    await daemon.logged(/Entering FAULT STATE/);
    await daemon.until('no address', () => !bed.here.ip('-4 addr show v0').includes('10.99.0.100'));
    const before = daemon.lines.length;
    set('0\n');
    await daemon.logged(/Entering MASTER STATE/, before);
    set('hang\n');
    await daemon.logged(/Track script chk is already running, expect idle - skipping run/, before);
    await daemon.logged(/Track script chk is being timed out, expect idle - skipping run/, before);
    await daemon.logged(/VRRP_Script\(chk\) timed_out/, before); // it ignores TERM: KILL
    const again = daemon.lines.length;
    set('0\n');
    await daemon.logged(/Entering MASTER STATE/, again);
  }),
);

test('scripts that must not run are logged and left out; builtins go to a shell', options, () =>
  inBed(async (bed) => {
    const ok = write(bed, 'ok.sh', 'exit 0');
    const world = write(bed, 'world.sh', 'exit 0', 0o777);
    const plain = write(bed, 'plain.sh', 'exit 0', 0o644);
    const scripts = [
      tracked('ok', ok, { weight: 1 }),
      tracked('world', world, { weight: 2 }),
      tracked('plain', plain, { weight: 4 }),
      tracked('missing', join(bed.folder, 'none'), { weight: 8 }),
      {
        ...tracked('shell', 'x', { weight: 16 }),
        script: { argv: ['test', '-d', '/proc', '&&', 'exit', '0'], text: ': && test -d /proc' },
      },
      { ...tracked('builtin', 'x', { weight: 32 }), script: { argv: ['exit', '0'], text: 'exit 0' } },
    ];
    const track = { ...quick.track, scripts: scripts.map(({ name }) => ({ name })) };
    const global = { ...testGlobal, scriptSecurity: true };
    const daemon = bed.start(configuration([{ ...quick, track }], { scripts, global }));
    await daemon.logged(/VRRP_Script\(builtin\) succeeded/);
    await daemon.logged(/VRRP_Script\(ok\) succeeded/);
    for (const line of [
      `Unsafe permissions found for script '${world}' - disabling.`,
      'Disabling track script world due to insecure',
      `WARNING - script '${plain}' is not executable for uid:gid 0:0 - disabling.`,
      'Disabling track script plain since not found/accessible',
      `Script ${join(bed.folder, 'none')} cannot be accessed - No such file or directory`,
      'Disabling track script missing since not found/accessible',
      'WARNING - script `test` resolved by path search to `/usr/bin/test`. Please specify full path.',
    ]) {
      assert.ok(daemon.lines.includes(line), `${line} in\n${daemon.lines.join('\n')}`);
    }
    assert.ok(!daemon.lines.some((line) => /VRRP_Script\((world|plain|missing)\)/.test(line)));
  }),
);

test('a FIFO gets whole lines, is kept over a reload, and never holds VRRP up', options, () =>
  inBed(async (bed) => {
    const path = join(bed.folder, 'fifo');
    const wanted = configuration([quick], { global: { ...testGlobal, vrrpNotifyFifo: { path } } });
    const daemon = bed.start(wanted);
    await daemon.logged(/Entering MASTER STATE/);
    const kind = statSync(path);
    assert.deepEqual([kind.isFIFO(), kind.mode & 0o777], [true, 0o600]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const room = Buffer.alloc(65536);
    let text = '';
    const read = (): string => {
      try {
        text += room.toString('utf8', 0, readSync(reader, room));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      }
      return text;
    };
    await daemon.until('both events', () => read().includes('MASTER'));
    assert.equal(text, 'INSTANCE "VI_1" BACKUP 100\nINSTANCE "VI_1" MASTER 100\n');
    daemon.signal('SIGHUP');
    await daemon.logged(/^reloaded/);
    assert.equal(statSync(path).ino, kind.ino);
    await daemon.stop();
    assert.match(read(), /INSTANCE "VI_1" STOP 100\n$/);
    closeSync(reader);
    assert.ok(!existsSync(path));
  }),
);
