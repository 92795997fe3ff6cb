// The folder of a daemon around parts that only write down what they are asked (stand-in.ts), for tests of its frame.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pidIn, signalledPid } from '../support/pids.js';
import { RunningDaemon } from '../support/running-daemon.js';

const STAND_IN = fileURLToPath(new URL('stand-in.js', import.meta.url));

/** One daemon's folder: its configuration, pid files, dumps and what its part wrote down. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-daemon-'));
  readonly record = this.path('record');
  readonly daemons: RunningDaemon[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  configure(wanted: object = {}): void {
    writeFileSync(this.path('conf'), JSON.stringify({ record: this.record, ...wanted }));
  }

  get argv(): readonly string[] {
    const files = ['p', 'r', 'c', 'b'].flatMap((word) => [`-${word}`, this.path(`${word}.pid`)]);
    return [process.execPath, STAND_IN, 'keepalived', '-f', this.path('conf'), ...files];
  }

  /** `beatMs`: how often its processes make sure of each other; short ones take a busy machine's pauses for hanging. */
  start(options: readonly string[] = [], beatMs = 1000): RunningDaemon {
    const environment = { TMPDIR: this.folder, STAND_IN_BEAT_MS: String(beatMs) };
    const daemon = new RunningDaemon([...this.argv, '-n', '-l', '-G', ...options], environment);
    this.daemons.push(daemon);
    return daemon;
  }

  /** What the parts wrote, without their process numbers. */
  get recorded(): readonly string[] {
    if (!existsSync(this.record)) return [];
    return readFileSync(this.record, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\d+ /, ''));
  }

  /** 0: there is none yet. */
  childPid(): number {
    return pidIn(this.path('r.pid'));
  }

  signalChild(signal: NodeJS.Signals): void {
    process.kill(signalledPid(this.path('r.pid')), signal);
  }

  async clear(): Promise<void> {
    for (const daemon of this.daemons) await daemon.stop();
    rmSync(this.folder, { recursive: true });
  }
}

/** The place of the test that runs. */
export let place: Place;

/** A new place, with a configuration; it is cleared after the test. */
export function fresh(wanted: object = {}): Place {
  place = new Place();
  place.configure(wanted);
  return place;
}

/** A daemon that has started in a new place. */
export async function running(wanted: object = {}, ...options: readonly string[]): Promise<RunningDaemon> {
  const daemon = fresh(wanted).start(options);
  await daemon.logged(/^Startup complete$/);
  return daemon;
}

afterEach(() => place.clear());
