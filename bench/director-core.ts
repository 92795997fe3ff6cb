// One core for a director alone: what comes to it is received there, and what its stations get on theirs. How busy that core is shows a program that counts
// on it when nothing else wants it: what it does not come to, the director has taken, with all interrupts and what they cost the caches.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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
  'let n=0;process.on("message",()=>process.send(n));const turn=()=>{for(let k=0;k<10;k++){let x=1;for(let i=0;i<50000;i++)x=Math.imul(x,31)+i|0;n+=x===0?0:1;}setImmediate(turn);};turn();';
const CALIBRATION_MS = 1000;

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

  /** What `work` came to, and the part of its time, 0 to 1, that others had the core. */
  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly busy: number }> {
    let result: T | undefined;
    const rate = await this.#rateDuring(async () => {
      result = await work();
    });
    return { result: result as T, busy: 1 - rate / this.#alone };
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

  async #counted(): Promise<number> {
    const answer = once(this.#child, 'message');
    this.#child.send('count');
    const [count] = (await answer) as [number];
    return count;
  }
}
