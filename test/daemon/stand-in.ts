// The daemon around parts that only write down what they are asked: its frame is tried without VRRP and without privileges.
// Usage: node stand-in.js keepalived OPTIONS…; the file of -f is JSON: {record, vrrp?, broken?, hang?, exit?, global?, root?}.
import { appendFileSync, readFileSync } from 'node:fs';
import { readOptions } from '../../src/cli/keepalived/options.js';
import { runChild } from '../../src/daemon/process/child-main.js';
import type { StartPart } from '../../src/daemon/process/part.js';
import { childKind } from '../../src/daemon/supervisor/children/child-process.js';
import { runDaemon } from '../../src/daemon/supervisor/daemon.js';
import type { Loaded } from '../../src/daemon/supervisor/reload/loaded.js';
import { daemonize, isBackground, reportStarted } from '../../src/daemon/supervisor/start/daemonize.js';
import type { GlobalSettings, RootSettings } from '../../src/model/keepalived/global.js';
import { emptyConfiguration, emptyGlobal, emptyRoot, oneInstance } from '../support/keepalived-configuration.js';

interface Wanted {
  /** Where the part writes a line for each thing that happens to it. */
  readonly record: string;
  /** How many instances: 0 and no VRRP process is needed. */
  readonly instances?: number;
  readonly broken?: boolean;
  readonly warning?: string;
  readonly global?: Partial<GlobalSettings>;
  readonly root?: Partial<RootSettings>;
  readonly files?: Loaded['files'];
}

function load(path: string): Loaded {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { outcome: 'missing', messages: [{ level: 'error', text: `Config files missing '${path}'.` }] };
  }
  const { record, instances = 1, broken, warning, global, root, files }: Wanted = JSON.parse(text);
  if (broken === true) return { outcome: 'fatal', messages: [{ level: 'error', text: `(${path}: Line 1) broken` }] };
  return {
    outcome: warning === undefined ? 'ok' : 'errors',
    ...(files === undefined ? {} : { files }),
    messages: warning === undefined ? [] : [{ level: 'warning', text: warning }],
    configuration: {
      ...emptyConfiguration,
      root: { ...emptyRoot, ...root },
      global: { ...emptyGlobal, routerId: record, ...global },
      instances: Array.from({ length: instances }, (_, n) => ({ ...oneInstance, name: `VI_${n + 1}` })),
    },
  };
}

const part: StartPart = (first, options) => {
  const record = first.global.routerId ?? '';
  const write = (text: string): void => appendFileSync(record, `${process.pid} ${text}\n`);
  write(`start ${first.instances.length}${options.respawned ? ' again' : ''}`);
  // The test's own signal: the loop stands still from now on.
  process.on('SIGWINCH', () => {
    for (;;);
  });
  // Another one: messages are sent that are not understood.
  process.on('SIGURG', () => {
    for (const junk of [null, 7, 'words', [], {}, { kind: 7 }, { kind: 'nothing' }, { kind: '__proto__' }]) process.send?.(junk);
  });
  return {
    reload: (next) => write(`reload ${next.instances.length}`),
    dump: (what) => write(`dump ${what}`),
    stop: async () => write('stop'),
  };
};

async function main(): Promise<number> {
  const args = process.argv.slice(3);
  const kind = childKind();
  if (kind !== undefined) return runChild(kind, Promise.resolve(part));
  const asked = readOptions(args);
  if (asked.kind !== 'run') return 99;
  const { options } = asked;
  const background = isBackground();
  if (!options.foreground && !background) return daemonize(args);
  const started = background ? reportStarted : () => {};
  return runDaemon({
    options,
    name: 'keepalived',
    typed: ['keepalived', ...options.argv],
    release: 'v0 (stand-in)',
    load: () => load(options.path),
    started,
    livenessIntervalMs: Number(process.env['STAND_IN_BEAT_MS'] ?? 1000),
  });
}

main().then((status) => process.exit(status));
