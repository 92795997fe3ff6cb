import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../../test/support/until.js';
import type { Script } from '../../../model/keepalived/script.js';
import { Notifier } from './notifier.js';

interface Bench {
  readonly notifier: Notifier;
  readonly lines: string[];
  /** What the scripts wrote. */
  readonly written: () => readonly string[];
  /** An event of instance VI with a script for the shell; `$out` is the file, `$gate` one that `open` makes. */
  readonly event: (text: string) => void;
  readonly open: () => void;
}

async function withNotifier(turnMaxMs: number, work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-notify-'));
  const [out, gate] = [join(folder, 'out'), join(folder, 'gate')];
  const lines: string[] = [];
  const resolve = (script: Script) => ({ kind: 'shell', text: script.text, identity: { uid: 0, gid: 0 } }) as const;
  const notifier = new Notifier(resolve, (_level, text) => void lines.push(text), turnMaxMs);
  const event = (body: string): void => {
    const text = `out=${out} gate=${gate}; ${body}`;
    const scripts = [{ script: { argv: ['sh'], text }, withArguments: false }];
    notifier.notify({ kind: 'notify', type: 'INSTANCE', name: 'VI', event: 'MASTER', priority: 1, scripts, smtp: false });
  };
  try {
    const written = () => (existsSync(out) ? readFileSync(out, 'utf8').trim().split('\n') : []);
    await work({ notifier, lines, written, event, open: () => appendFileSync(gate, '') });
  } finally {
    appendFileSync(gate, '');
    await notifier.close();
    rmSync(folder, { recursive: true });
  }
}

/** Runs until the gate is open. */
const hang = (name: string): string => `echo ${name} >> $out; until [ -e $gate ]; do sleep 0.02; done; echo end-${name} >> $out`;
const options = { skip: process.getuid?.() !== 0 };

test('a script that does not end holds the next ones up for its turn only, and is logged', options, () =>
  withNotifier(100, async ({ lines, written, event, open }) => {
    event(hang('first'));
    event('echo second >> $out');
    event('echo third >> $out');
    await until(() => written().length >= 3, 'all three');
    // On a busy machine the others, too, may take longer than a turn, and then their order is open.
    assert.deepEqual(written().toSorted(), ['first', 'second', 'third']);
    assert.match(lines[0] ?? '', /^\(VI\) notify script .*echo first .* has not ended after 0\.1 s: the next ones run beside it$/);
    open();
    await until(() => written().includes('end-first'), 'its own end');
    event('echo fourth >> $out');
    await until(() => written().includes('fourth'), 'one that comes later');
  }),
);

test('a script that ends in its time is waited for', options, () =>
  withNotifier(60_000, async ({ lines, written, event, open }) => {
    event(hang('first'));
    event('echo second >> $out');
    await until(() => written().length > 0, 'the first');
    open();
    await until(() => written().includes('second'), 'the second');
    assert.deepEqual([written(), lines], [['first', 'end-first', 'second'], []]);
  }),
);

test('the scripts of the end run although one hangs before them', options, () =>
  withNotifier(60_000, async ({ notifier, written, event }) => {
    event(hang('first'));
    event('echo stop >> $out');
    await notifier.close();
    await until(() => written().includes('stop'), 'the last one');
  }),
);

test('of many that do not end the oldest is killed', options, () =>
  withNotifier(20, async ({ lines, written, event }) => {
    event(hang('n0'));
    await until(() => written().length > 0, 'the first');
    for (let count = 1; count < 18; count += 1) event(hang(`n${count}`));
    await until(() => written().length >= 18, 'all of them');
    await until(() => lines.some((line) => /16 notify scripts have not ended: killing the oldest/.test(line)), 'the line');
    assert.ok(!written().includes('end-n0'));
  }),
);
