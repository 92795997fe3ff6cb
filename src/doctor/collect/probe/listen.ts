// What packet sockets receive in a round of probes. On a busy machine this process may not run for the whole round: what waits is read all the same.
import { systemClock } from '../../../sys/clock.js';
import type { PacketSocket } from '../../../sys/sockets/packet-socket.js';

/** Of one socket, after the round is over: a flood must not keep this host busy. */
const LATE_FRAMES_MAX = 20_000;

interface Listener {
  readonly socket: PacketSocket;
}

/** `isOpen`: whether an answer is missing. `take`: a frame, and whose it is. @throws SystemError */
export function listen<L extends Listener>(
  listeners: readonly L[],
  roundMs: number,
  isOpen: () => boolean,
  take: (frame: Uint8Array, listener: L) => void,
): void {
  const end = systemClock.now() + roundMs;
  for (let left = roundMs; left > 0 && isOpen(); left = end - systemClock.now()) {
    for (const listener of listeners) {
      let frame = listener.socket.receive(Math.ceil(Math.min(left, roundMs / listeners.length)));
      for (; frame !== undefined; frame = systemClock.now() < end ? listener.socket.receiveNow() : undefined) take(frame, listener);
    }
  }
  for (const listener of listeners) {
    for (let late = 0; late < LATE_FRAMES_MAX && isOpen(); late++) {
      const frame = listener.socket.receiveNow();
      if (frame === undefined) break;
      take(frame, listener);
    }
  }
}
