// vrrp_script: each runs at its interval, at most one at a time; how it ended goes to the machine, which counts rise and fall.

import type { ScriptOutcome } from '../../../control/vrrp/messages.js';
import type { TrackScript } from '../../../model/keepalived/trackers.js';
import type { Log } from '../../../model/log-level.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';
import { type RunningScript, runScript } from '../../scripts/run-script.js';

interface Tracked {
  settings: TrackScript;
  script: ResolvedScript;
  readonly text: string;
  timer: NodeJS.Timeout;
  running: RunningScript | undefined;
  ending: boolean;
}

const textOf = (settings: TrackScript): string => JSON.stringify([settings.script, settings.intervalUs, settings.timeoutUs]);

export class TrackScripts {
  readonly #tracked = new Map<string, Tracked>();

  constructor(
    readonly report: (name: string, outcome: ScriptOutcome) => void,
    readonly log: Log,
  ) {}

  /** Starts what is new; what did not change goes on undisturbed. */
  configure(scripts: readonly { readonly settings: TrackScript; readonly script: ResolvedScript }[]): void {
    const names = new Set(scripts.map(({ settings }) => settings.name));
    for (const [name, tracked] of this.#tracked) {
      if (!names.has(name)) {
        this.#end(tracked);
        this.#tracked.delete(name);
      }
    }
    for (const { settings, script } of scripts) {
      const before = this.#tracked.get(settings.name);
      if (before !== undefined && before.text === textOf(settings)) {
        before.settings = settings;
        before.script = script;
        continue;
      }
      if (before !== undefined) this.#end(before);
      const tracked: Tracked = {
        settings,
        script,
        text: textOf(settings),
        timer: setInterval(() => this.#run(tracked), Math.max(1, Math.round(settings.intervalUs / 1000))),
        running: undefined,
        ending: false,
      };
      this.#tracked.set(settings.name, tracked);
      this.#run(tracked);
    }
  }

  #run(tracked: Tracked): void {
    const { name, timeoutUs, intervalUs } = tracked.settings;
    if (tracked.running !== undefined) {
      const how = tracked.ending ? 'is being timed out' : 'is already running';
      this.log('info', `Track script ${name} ${how}, expect idle - skipping run`);
      return;
    }
    tracked.ending = false;
    const started = runScript(tracked.script, {
      timeoutMs: Math.max(1, Math.round((timeoutUs ?? intervalUs) / 1000)),
      wholeFamily: true,
      onSignal: () => {
        tracked.ending = true;
      },
    });
    if (typeof started === 'string') {
      this.report(name, { kind: 'notStarted', why: started });
      return;
    }
    tracked.running = started;
    void started.ended.then((outcome) => {
      tracked.running = undefined;
      if (this.#tracked.get(name) === tracked) this.report(name, outcome);
    });
  }

  /** The scripts that run now, by name. */
  running(): ReadonlyMap<string, 'running' | 'ending'> {
    const now = [...this.#tracked].filter(([, { running }]) => running !== undefined);
    return new Map(now.map(([name, { ending }]) => [name, ending ? 'ending' : 'running']));
  }

  #end({ timer, running }: Tracked): void {
    clearInterval(timer);
    running?.end();
  }

  close(): void {
    for (const tracked of this.#tracked.values()) this.#end(tracked);
    this.#tracked.clear();
  }
}
