// The notify FIFOs of one process, each with the program that reads it: opened, kept over a reload that does not change them, closed.
import { unlinkSync } from 'node:fs';
import type { Fifo, Script } from '../../model/keepalived/script.js';
import type { Log } from '../../model/log-level.js';
import type { ResolvedScript } from '../scripts/resolve-script.js';
import { type RunningScript, runScript } from '../scripts/run-script.js';
import { EventFifo } from './event-fifo.js';

interface OpenFifo {
  readonly fifo: EventFifo;
  reader: RunningScript | undefined;
}

const same = (a: Fifo | undefined, b: Fifo | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

export class NotifyFifos {
  readonly #open = new Map<string, OpenFifo>();

  constructor(
    readonly resolve: (script: Script) => ResolvedScript,
    readonly log: Log,
  ) {}

  /** From now on these, by names of the caller's; one that did not change stays, its reader too. */
  configure(wanted: Readonly<Record<string, Fifo | undefined>>): void {
    for (const [which, settings] of Object.entries(wanted)) {
      const open = this.#open.get(which);
      if (open !== undefined && same(open.fifo.settings, settings)) continue;
      if (open !== undefined) {
        this.#open.delete(which);
        open.reader?.end();
        open.fifo.close(unlinkSync);
      }
      if (settings !== undefined) this.#open.set(which, this.#make(settings));
    }
  }

  #make(settings: Fifo): OpenFifo {
    const open: OpenFifo = { fifo: new EventFifo(settings, this.log), reader: undefined };
    if (settings.script === undefined) return open;
    const started = runScript(this.resolve(settings.script), { arguments: [settings.path] });
    if (typeof started === 'string') {
      this.log('warning', `Unable to start the script of notify fifo ${settings.path}: ${started}`);
      return open;
    }
    open.reader = started;
    void started.ended.then(() => {
      open.reader = undefined;
    });
    return open;
  }

  /** One event, to all of them; never waits. */
  write(line: string): void {
    for (const { fifo } of this.#open.values()) fifo.write(line);
  }

  /** Readers end before the last events, as keepalived has it. */
  stopReaders(): void {
    for (const { reader } of this.#open.values()) reader?.end();
  }

  /** Closes the FIFOs, and removes those that were made here. */
  close(): void {
    for (const { fifo } of this.#open.values()) fifo.close(unlinkSync);
    this.#open.clear();
  }
}
