import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyConfiguration, oneInstance } from '../../../../test/support/keepalived-configuration.js';
import type { Damage } from '../../../config/keepalived/diagnostics/damage.js';
import { formatAddress } from '../../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Loaded } from './loaded.js';
import { Reloader } from './reloader.js';

const first: KeepalivedConfiguration = { ...emptyConfiguration, instances: [oneInstance] };
const withVrid = (vrid: number): KeepalivedConfiguration => ({ ...first, instances: [{ ...oneInstance, vrid }] });

/** A reloader whose children take as long as the test wants. */
function bed(running = first, wrongAtStart: readonly Damage[] = []) {
  const taken: KeepalivedConfiguration[] = [];
  const logged: string[] = [];
  const reported: string[] = [];
  let over = 0;
  let next: Loaded | Error = { outcome: 'ok', configuration: running, messages: [] };
  let finish: () => void = () => {};
  let ended = false;
  let held: Promise<void> | undefined;
  const reloader = new Reloader(
    {
      files: { path: 'x.conf' },
      load: async () => {
        const now = next;
        await held;
        if (now instanceof Error) throw now;
        return now;
      },
      reading: () => {},
      read: () => {},
      over: () => {
        over += 1;
      },
      log: (_, text) => void logged.push(text),
      manager: { notify: (text) => void reported.push(text.split('\n')[0] ?? '') },
      supervisor: {
        reload: (configuration) => {
          taken.push(configuration);
          return new Promise((done) => {
            finish = () => done(!ended);
          });
        },
      },
    },
    running,
    wrongAtStart,
  );
  const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
  return {
    reloader,
    /** How often what came of a reading was reported as in effect. */
    over: () => over,
    /** The daemon's end has come. */
    end: () => {
      ended = true;
    },
    taken,
    logged,
    reported,
    file: (configuration: KeepalivedConfiguration): void => {
      next = { outcome: 'ok', configuration, messages: [] };
    },
    damaged: (configuration: KeepalivedConfiguration | Error, damage: readonly Damage[] = [{ text: 'new' }]): void => {
      next = configuration instanceof Error ? configuration : { outcome: 'errors', damage, configuration, messages: [] };
    },
    settle,
    /** The next reading ends when the answer is called. */
    hold: (): (() => void) => {
      let go: () => void = () => {};
      held = new Promise((free) => {
        go = free;
      });
      return () => {
        held = undefined;
        go();
      };
    },
    done: async (): Promise<void> => {
      await settle();
      finish();
      await settle();
    },
  };
}

test('while one reload runs no other begins; what the file became meanwhile is taken afterwards, once', async () => {
  const { reloader, taken, file, done, reported, settle } = bed();
  file(withVrid(1));
  reloader.request();
  for (let n = 0; n < 5; n++) reloader.request();
  await settle();
  assert.equal(taken.length, 1);
  file(withVrid(2));
  await done();
  assert.deepEqual(
    taken.map(({ instances }) => instances[0]?.vrid),
    [1, 2],
  );
  await done();
  assert.equal(taken.length, 2);
  assert.deepEqual(reported, ['RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1']);
  assert.equal(reloader.configuration.instances[0]?.vrid, 2);
});

test('a signal while the file is read once more counts: the file may have changed since', async () => {
  const { reloader, taken, file, done, settle, hold } = bed();
  file(withVrid(1));
  reloader.request();
  await settle();
  reloader.request();
  const read = hold(); // the reader has the file as it was, and takes its time
  await done();
  file(withVrid(2));
  reloader.request();
  read();
  await done();
  await done();
  assert.deepEqual(
    taken.map(({ instances }) => instances[0]?.vrid),
    [1, 2],
  );
});

test('five signals and one change are one reload; each reading has its end, that of an unchanged file, too', async () => {
  const { reloader, taken, file, done, over } = bed();
  file(withVrid(1));
  for (let n = 0; n < 5; n++) reloader.request();
  await done();
  assert.equal(taken.length, 1);
  assert.equal(over(), 2);
});

test('namespace and instance stay as they were', async () => {
  const { reloader, taken, file, logged, done } = bed();
  file({ ...first, root: { ...first.root, netNamespace: 'n', instanceName: 'i' } });
  reloader.request();
  await done();
  assert.deepEqual(taken[0]?.root, first.root);
  assert.equal(logged.filter((text) => text.startsWith('Cannot change')).length, 2);
});

test('a file with mistakes in it takes no virtual address away, one without may', async () => {
  const { reloader, taken, file, damaged, logged, done } = bed();
  damaged({ ...first, instances: [] });
  reloader.request();
  await done();
  assert.equal(taken.length, 0);
  assert.match(logged.at(-1)!, /^Reload refused: the new configuration has errors and would give up \S+ of \w+ \(/);
  damaged(withVrid(7));
  reloader.request();
  await done();
  assert.equal(taken.length, 1);
  file({ ...first, instances: [] });
  reloader.request();
  await done();
  assert.equal(taken.length, 2);
});

test('a file with mistakes in it takes no authentication away', async () => {
  const { reloader, taken, file, damaged, logged, done } = bed();
  file({ ...first, instances: [{ ...oneInstance, authentication: { kind: 'pass', password: 'a' } }] });
  reloader.request();
  await done();
  damaged(first);
  reloader.request();
  await done();
  assert.equal(taken.length, 1);
  assert.match(logged.at(-1)!, /^Reload refused: .* would give up the authentication of \w+ \(/);
});

test('what was wrong already when the daemon started does not keep what is removed, unless it stands on just that', async () => {
  const name = oneInstance.name;
  const refused = async (wrongAtStart: readonly Damage[], next: readonly Damage[], configuration: KeepalivedConfiguration) => {
    const { reloader, taken, damaged, done } = bed(first, wrongAtStart);
    damaged(configuration, next);
    reloader.request();
    await done();
    return taken.length === 0;
  };
  const without = { ...first, instances: [] };
  const fewer = { ...first, instances: [{ ...oneInstance, addresses: [] }] };
  const old: Damage = { text: 'old' };
  assert.equal(await refused([old], [old], without), false);
  assert.equal(await refused([old], [old, old], without), true);
  assert.equal(await refused([old], [{ text: 'other' }], without), true);
  const inBlock: Damage = { text: 'old', instance: name };
  assert.equal(await refused([inBlock], [inBlock], fewer), false);
  assert.equal(await refused([inBlock], [inBlock], without), true);
  assert.equal(await refused([inBlock], [{ text: 'old', instance: 'another' }], fewer), true);
  const [{ address } = assert.fail()] = oneInstance.addresses;
  const onAddress: Damage = { text: `old (${formatAddress(address)}/24) - ignoring`, instance: name };
  assert.equal(await refused([onAddress], [onAddress], fewer), true);
  const onAnother: Damage = { text: `old (${formatAddress(address)}0/24) - ignoring`, instance: name };
  assert.equal(await refused([onAnother], [onAnother], fewer), false);
});

test('what was wrong in a file that was taken counts as known at the next reload; what was refused does not', async () => {
  const { reloader, taken, damaged, done } = bed();
  const wrong: readonly Damage[] = [{ text: 'wrong' }];
  damaged({ ...first, instances: [] }, wrong);
  reloader.request();
  await done();
  reloader.request();
  await done();
  assert.equal(taken.length, 0);
  damaged(withVrid(7), wrong);
  reloader.request();
  await done();
  damaged({ ...first, instances: [] }, wrong);
  reloader.request();
  await done();
  assert.equal(taken.length, 2);
});

test('an error in our own reader leaves all as it was', async () => {
  const { reloader, taken, damaged, logged, done } = bed();
  damaged(new Error('a mistake of ours'));
  reloader.request();
  await done();
  assert.equal(taken.length, 0);
  assert.match(logged.join('\n'), /please report it: Error: a mistake of ours[\s\S]*Reload refused/);
});

test('where reload_check_config writes, a link is replaced and nothing waits for a FIFO', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-check-'));
  const at = (name: string): string => join(folder, name);
  const checked = async (logFile: string): Promise<readonly string[]> => {
    const running = { ...first, global: { ...first.global, reloadCheckConfig: { logFile } } };
    const { reloader, logged, file, done } = bed(running);
    file(running);
    reloader.request();
    await done();
    return logged;
  };
  try {
    writeFileSync(at('target'), 'untouched');
    symlinkSync(at('target'), at('link'));
    await checked(at('link'));
    assert.equal(readFileSync(at('target'), 'utf8'), 'untouched');
    const { mode } = lstatSync(at('link'));
    assert.deepEqual([lstatSync(at('link')).isFile(), mode & 0o777], [true, 0o600]);
    execFileSync('mkfifo', [at('fifo')]);
    const logged = await checked(at('fifo'));
    assert.ok(logged.some((line) => line.startsWith(`Unable to write '${at('fifo')}'`)));
    assert.ok(logged.includes('Reload complete'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a reload that the end overtakes is not reported as complete, nor the daemon as ready again', async () => {
  const { reloader, file, done, end, logged, reported } = bed();
  file(withVrid(9));
  reloader.request();
  end();
  await done();
  assert.ok(logged.includes('Reloading ...') && !logged.includes('Reload complete'), logged.join('\n'));
  assert.deepEqual(reported, ['RELOADING=1']);
});
