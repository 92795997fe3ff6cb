// One core for a director alone: what comes to it is received there, and what its stations get on theirs. How busy that core is shows a program that counts
// on it when nothing else wants it: what it does not come to, the director has taken, with all interrupts.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './processes.js';
import type { Topology } from './wire-topology.js';

/** Of a namespace whose packets are worked on by this CPU (receive packet steering), whoever sent them. Its devices are in its own /sys alone. */
function receiveOn(namespace: string, cpus: number): void {
  const each = 'for queue in /sys/class/net/*/queues/rx-*/rps_cpus; do echo "$1" > "$queue"; done';
  run(undefined, ['ip', 'netns', 'exec', namespace, 'sh', '-ec', each, 'sh', cpus.toString(16)]);
}

/** `cpu`: of the director; `others`: of its client and servers. */
export function separate({ client, director, servers }: Topology, cpu: number, others: number): void {
  receiveOn(director, 1 << cpu);
  for (const station of [client, ...servers]) receiveOn(station, 1 << others);
}

/** Packets are worked on where they were sent. */
export function unite({ client, director, servers }: Topology): void {
  for (const station of [client, director, ...servers]) receiveOn(station, 0);
}

/** Counts pieces of work of a fraction of a ms, and answers how many there were. */
const COUNTING =
  'let n=0;process.on("message",()=>process.send(n));process.on("disconnect",()=>process.exit());const turn=()=>{for(let k=0;k<10;k++){let x=1;for(let i=0;i<50000;i++)x=Math.imul(x,31)+i|0;n+=x===0?0:1;}setImmediate(turn);};turn();';
const CALIBRATION_MS = 1000;
const BUSY_MIN = 0.01;

export class DirectorCore {
  readonly #child: ChildProcess;
  /** Pieces a ms, when nothing else wants the core. */
  #alone = Number.NaN;

  private constructor(cpu: number) {
    const words = ['-c', String(cpu), 'chrt', '--idle', '0', process.execPath, '-e', COUNTING];
    this.#child = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  /** The core has nothing else to do meanwhile. */
  static async open(cpu: number): Promise<DirectorCore> {
    const core = new DirectorCore(cpu);
    await core.#counted();
    core.#alone = await core.#rateDuring(() => sleep(CALIBRATION_MS));
    return core;
  }

  /** What `work` came to, and how many seconds of its time others had the core. @throws Error where that is too little to be measured */
  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly busySeconds: number }> {
    let [result, seconds]: [T | undefined, number] = [undefined, 0];
    const rate = await this.#rateDuring(async () => {
      const began = performance.now();
      result = await work();
      seconds = (performance.now() - began) / 1000;
    });
    const busy = 1 - rate / this.#alone;
    if (!(busy >= BUSY_MIN)) throw new Error(`the core was busy for ${(busy * 100).toFixed(1)} % of the time, too little to be measured`);
    return { result: result as T, busySeconds: busy * seconds };
  }

  close(): void {
    this.#child.kill();
  }

  async #rateDuring(work: () => Promise<void>): Promise<number> {
    const [before, began] = [await this.#counted(), performance.now()];
    await work();
    const now = performance.now();
    return ((await this.#counted()) - before) / (now - began);
  }

  /** @throws Error where the program has ended */
  #counted(): Promise<number> {
    return new Promise((done, fail) => {
      const ended = (): void => fail(new Error("the program that counts on the director's core has ended"));
      if (!this.#child.connected) {
        ended();
        return;
      }
      this.#child.once('exit', ended);
      this.#child.once('message', (count) => {
        this.#child.off('exit', ended);
        done(Number(count));
      });
      this.#child.send('count');
    });
  }
}
