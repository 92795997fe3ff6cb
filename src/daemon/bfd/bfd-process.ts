// The body of the BFD process: what happens on this host goes into the machine, what the machine decides is carried out.

import { randomBytes } from 'node:crypto';
import type { BfdEffect, BfdInput, BfdRefusal } from '../../control/bfd/messages.js';
import { type BfdMachine, initialBfd, type Session } from '../../control/bfd/state.js';
import { step } from '../../control/bfd/step.js';
import { chanceFrom } from '../../control/chance.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { Log } from '../../model/log-level.js';
import { FilterKeeper } from '../filter/filter-keeper.js';
import { StepLoop } from '../process/step-loop.js';
import { BfdFilter } from './bfd-filter.js';
import { BfdSockets } from './bfd-sockets.js';

const CHANCE_BYTES = 16;
const ROOM_MIN = 64;

export interface BfdOptions {
  readonly sessions: readonly BfdInstance[];
  readonly log: Log;
  /** A session went up or down, or is what it was after a reload. */
  readonly onEvent: (session: BfdInstance, up: boolean) => void;
}

export interface BfdDescription extends ReturnType<BfdSockets['describe']> {
  readonly state: BfdMachine;
}

export class BfdProcess {
  readonly #loop: StepLoop<BfdMachine, BfdInput, BfdEffect>;
  readonly #sockets: BfdSockets;
  readonly #filter: FilterKeeper<readonly Session[], BfdRefusal>;

  constructor(readonly options: BfdOptions) {
    this.#loop = new StepLoop({
      initial: initialBfd(),
      step,
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
      onWake: () => this.#wake(),
    });
    this.#sockets = new BfdSockets({
      packet: (packet) => this.#feed({ kind: 'packet', packet }),
      socket: (name, open) => this.#feed({ kind: 'socket', name, open }),
      opened: (socket) => this.#filter.attach(socket),
      log: options.log,
    });
    this.#filter = new FilterKeeper({
      make: (sessions) => new BfdFilter(Math.max(ROOM_MIN, 2 * sessions.length)),
      sockets: () => this.#sockets.listeners(),
      report: ({ counts }) => this.#feed({ kind: 'filtered', counts }),
      refused: (why) => options.log('warning', `BFD: no filter in the kernel, floods of packets will cost time: ${why}`),
    });
    this.#feed({ kind: 'configure', sessions: options.sessions, chance: chanceFrom(randomBytes(CHANCE_BYTES)) });
    this.#open(options.sessions);
  }

  /** Sessions that stay go on. */
  reload(sessions: readonly BfdInstance[]): void {
    this.#feed({ kind: 'configure', sessions });
    this.#open(sessions);
  }

  /** The filter knows the sessions of now before a socket gets it. */
  #open(sessions: readonly BfdInstance[]): void {
    this.#filter.configure(this.#loop.state.sessions);
    this.#sockets.configure(sessions);
  }

  describe(): BfdDescription {
    return { state: this.#loop.state, ...this.#sockets.describe() };
  }

  /** Packets that wait were there before the timer: a process that was held up must not take its neighbours for dead. */
  #wake(): void {
    this.#sockets.drain();
    this.#feed({ kind: 'wake' });
  }

  #feed(input: BfdInput): void {
    this.#loop.feed(input);
  }

  #perform(effect: BfdEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#sockets.send(effect.name, effect.bytes);
        break;
      case 'event': {
        const session = this.#loop.state.sessions.find(({ config }) => config.name === effect.name);
        if (session !== undefined) this.options.onEvent(session.config, effect.up);
        break;
      }
      case 'log':
        this.options.log(effect.detail === true ? 'debug' : effect.level, effect.text);
    }
  }

  /** Neighbours get AdminDown: to them this is no failure (RFC 5882 §4.2). */
  stop(): void {
    this.#feed({ kind: 'stop' });
    this.#loop.close();
    this.#sockets.close();
    this.#filter.close();
  }
}
