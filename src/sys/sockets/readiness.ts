// Readiness of many short-lived sockets by one epoll set: an entry costs one system call, where a poll of the event loop costs a second
// descriptor and a handful of objects.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { closeOnError, Fd } from '../fd.js';
import { type Watch, whenReadable } from '../readable.js';

export const READABLE = 1;
export const WRITABLE = 4;
export const BROKEN = 0x8 | 0x10;
const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;
const ENTRY_BYTES = 12;
const READY_MAX = 256;

interface Slot {
  /** Entries that were removed may still be reported: those of an earlier use of the slot are ignored. */
  generation: number;
  work: ((events: number) => void) | undefined;
}

/** The events that a descriptor is waited for. */
export class Registration {
  readonly #generation: number;

  constructor(
    readonly set: ReadinessSet,
    readonly fd: number,
    readonly number: number,
    readonly slot: Slot,
  ) {
    this.#generation = slot.generation;
  }

  control(operation: number, events: number): void {
    this.set.control(operation, this.fd, events, this.number, this.#generation);
  }

  /** READABLE, WRITABLE; from now on. BROKEN is always reported. */
  change(events: number): void {
    this.control(CTL_MOD, events);
  }

  /** The descriptor goes on without us. */
  remove(): void {
    if (this.slot.generation !== this.#generation) return;
    this.control(CTL_DEL, 0);
    this.forget();
  }

  /** The descriptor is closed next, which takes it out of the set. */
  forget(): void {
    if (this.slot.generation === this.#generation) this.set.release(this.number, this.slot);
  }
}

const ready = new Uint8Array(ENTRY_BYTES * READY_MAX);
const view = viewOf(ready);

class ReadinessSet {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #slots: Slot[] = [];
  readonly #free: number[] = [];

  constructor(readonly onEmpty: () => void) {
    this.#fd = new Fd(native().epollCreate(), 'readiness of checks');
    this.#watch = closeOnError(this.#fd, (fd) => whenReadable(fd.number, () => this.#report()));
  }

  get isEmpty(): boolean {
    return this.#free.length === this.#slots.length;
  }

  add(fd: number, events: number, work: (events: number) => void): Registration {
    const number = this.#free.pop() ?? this.#slots.push({ generation: 0, work: undefined }) - 1;
    const slot = this.#slots[number] as Slot;
    slot.work = work;
    const registration = new Registration(this, fd, number, slot);
    try {
      registration.control(CTL_ADD, events);
    } catch (error) {
      registration.forget();
      throw error;
    }
    return registration;
  }

  control(operation: number, fd: number, events: number, number: number, generation: number): void {
    native().epollControl(this.#fd.number, operation, fd, events, number, generation);
  }

  release(number: number, slot: Slot): void {
    slot.generation = (slot.generation + 1) >>> 0;
    slot.work = undefined;
    this.#free.push(number);
    if (this.isEmpty) this.onEmpty();
  }

  #report(): void {
    const count = native().epollWait(this.#fd.number, ready);
    for (let at = 0; at < count * ENTRY_BYTES; at += ENTRY_BYTES) {
      const slot = this.#slots[view.getUint32(at + 4, little)];
      if (slot?.generation === view.getUint32(at + 8, little)) slot.work?.(view.getUint32(at, little));
    }
  }

  close(): void {
    this.#watch.stop();
    this.#fd.close();
  }
}

let set: ReadinessSet | undefined;

/** Without entries there is no set: an idle process holds nothing open. */
function closeIfIdle(): void {
  if (set?.isEmpty !== true) return;
  set.close();
  set = undefined;
}

/** Calls `work` while `fd` is ready for one of `events`, or BROKEN. @throws SystemError ENOSPC, EMFILE */
export function whenReady(fd: number, events: number, work: (events: number) => void): Registration {
  set ??= new ReadinessSet(() => setImmediate(closeIfIdle));
  return set.add(fd, events, work);
}
