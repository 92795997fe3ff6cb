// A terminal that is drawn on again and again, and left as it was found however the process ends but by SIGKILL.
import type { Size } from './top-text.js';

const ESC = '\u001b';
const [ENTER, LEAVE] = [`${ESC}[?1049h${ESC}[?25l`, `${ESC}[?25h${ESC}[?1049l`];
const [HOME, CLEAR_LINE, CLEAR_BELOW] = [`${ESC}[H`, `${ESC}[K`, `${ESC}[J`];
const CTRL_C = '\u0003';
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Its own screen, from `open` to `close`. */
export class Screen {
  readonly #stop: () => void;
  readonly #resized: () => void;
  readonly #typed: (data: Buffer) => void;
  #open = false;

  /** `stop`: by a signal or Ctrl-C. `resized`: it has another size. `typed`: any other key. */
  constructor(stop: () => void, resized: () => void, typed: (key: string) => void) {
    this.#stop = stop;
    this.#resized = resized;
    this.#typed = (data) => {
      for (const key of data.toString('latin1')) {
        if (key === CTRL_C) stop();
        else typed(key);
      }
    };
  }

  get size(): Size {
    const { rows, columns } = process.stdout;
    return { rows, columns };
  }

  open(): void {
    this.#open = true;
    for (const signal of STOPS) process.on(signal, this.#stop);
    process.stdout.on('resize', this.#resized);
    process.once('exit', this.#leave);
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(true);
      process.stdin.on('data', this.#typed);
    }
    process.stdout.write(ENTER);
  }

  /** Over what was there, so that it does not flicker. */
  draw(lines: readonly string[]): void {
    process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`);
  }

  close(): void {
    this.#leave();
    process.off('exit', this.#leave);
    for (const signal of STOPS) process.off(signal, this.#stop);
    process.stdout.off('resize', this.#resized);
    if (!process.stdin.isTTY) return;
    process.stdin.off('data', this.#typed);
    process.stdin.pause();
  }

  readonly #leave = (): void => {
    if (!this.#open) return;
    this.#open = false;
    process.stdout.write(LEAVE);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  };
}
