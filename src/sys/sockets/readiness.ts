// Readiness of many short-lived sockets by one epoll set: an entry costs one system call, where a poll of the event loop costs a second
// descriptor and a handful of objects. What is ready by the end of the turn that asks for it, such as a connection to a server nearby, costs
// no entry: all new ones are polled together first.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { hasCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { type Watch, whenReadable } from '../readable.js';

export const READABLE = 1;
export const WRITABLE = 4;
export const BROKEN = 0x8 | 0x10;
const EVENTS = READABLE | WRITABLE | BROKEN;
const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;
const ENTRY_BYTES = 12;
/** struct pollfd: the descriptor (4), the events that are waited for (2), those that there are (2). */
const POLL_BYTES = 8;
const READY_MAX = 256;
/** What has no place in the kernel's sets (max_user_watches) is polled so often. */
const NO_PLACE_MS = 10;

interface Slot {
  /** Entries that were removed may still be reported: those of an earlier use of the slot are ignored. */
  generation: number;
  work: ((events: number) => void) | undefined;
}

/** The events that a descriptor is waited for. */
export class Registration {
  readonly #generation: number;
  /** It has an entry in the kernel's set. */
  #entered = false;

  constructor(
    readonly set: ReadinessSet,
    readonly fd: number,
    readonly number: number,
    readonly slot: Slot,
    public events: number,
  ) {
    this.#generation = slot.generation;
  }

  /** It was not removed. */
  get isCurrent(): boolean {
    return this.slot.generation === this.#generation;
  }

  #control(operation: number): void {
    this.set.control(operation, this.fd, this.events, this.number, this.#generation);
  }

  /** The kernel reports it from now on. @throws SystemError ENOSPC, ENOMEM */
  enter(): void {
    if (this.#entered) return;
    this.#control(CTL_ADD);
    this.#entered = true;
  }

  /** READABLE, WRITABLE; from now on. BROKEN is always reported. */
  change(events: number): void {
    this.events = events;
    if (this.#entered) this.#control(CTL_MOD);
  }

  /** The descriptor goes on without us. */
  remove(): void {
    if (!this.isCurrent) return;
    if (this.#entered) this.#control(CTL_DEL);
    this.forget();
  }

  /** The descriptor is closed next, which takes it out of the set. */
  forget(): void {
    if (this.isCurrent) this.set.release(this.number, this.slot);
  }
}

const ready = new Uint8Array(ENTRY_BYTES * READY_MAX);
const view = viewOf(ready);
const polled = new Uint8Array(POLL_BYTES * READY_MAX);
const polledView = viewOf(polled);

/** Polls these descriptors; their events stand in `polledView`, in their order. */
function pollNow(registrations: readonly Registration[]): void {
  let at = 0;
  for (const { fd, events } of registrations) {
    polledView.setInt32(at, fd, little);
    polledView.setInt16(at + 4, events, little);
    at += POLL_BYTES;
  }
  native().pollNow(polled.subarray(0, at));
}

class ReadinessSet {
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #slots: Slot[] = [];
  readonly #free: number[] = [];
  /** Registrations whose descriptors are still to be polled. */
  #fresh: Registration[] = [];

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
    const registration = new Registration(this, fd, number, slot, events);
    if (this.#fresh.length === 0) setImmediate(() => this.#pollFresh());
    this.#fresh.push(registration);
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

  #pollFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (let from = 0; from < fresh.length; from += READY_MAX) this.#poll(fresh.slice(from, from + READY_MAX));
  }

  #poll(registrations: readonly Registration[]): void {
    const current = registrations.filter(({ isCurrent }) => isCurrent);
    pollNow(current);
    // What is called may poll, too: no event is read after it.
    const found = current.map((_, at) => polledView.getInt16(at * POLL_BYTES + 6, little) & EVENTS);
    for (let at = 0; at < current.length; at++) {
      const registration = current[at] as Registration;
      const events = found[at] ?? 0;
      if (events !== 0 && registration.isCurrent) registration.slot.work?.(events);
      if (registration.isCurrent) this.#enter(registration);
    }
  }

  #enter(registration: Registration): void {
    try {
      registration.enter();
    } catch (error) {
      if (!hasCode(error, 'ENOSPC', 'ENOMEM')) throw error;
      if (this.#fresh.length === 0) setTimeout(() => this.#pollFresh(), NO_PLACE_MS);
      this.#fresh.push(registration);
    }
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

/** Calls `work` from the event loop while `fd` is ready for one of `events`, or BROKEN. @throws SystemError EMFILE */
export function whenReady(fd: number, events: number, work: (events: number) => void): Registration {
  set ??= new ReadinessSet(() => setImmediate(closeIfIdle));
  return set.add(fd, events, work);
}
