// Reports processes that start and end (the connector's process events, linux/cn_proc.h). Refused outside the initial network namespace.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { decodeMessages, encodeMessage } from '../../wire/netlink.js';
import { native } from '../addon.js';
import { hasCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { AF_NETLINK, netlinkAddress } from '../netlink/netlink-address.js';
import { POLLIN, type Watch, whenReadable } from '../readable.js';
import { setReceiveBuffer } from '../sockets/receive-buffer.js';
import { SOCK } from '../sockets/socket-address.js';

const NETLINK_CONNECTOR = 11;
const NLMSG_DONE = 3;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const LISTEN = 1;
const NO_ERROR = 0;
const EVENT = { fork: 0x1, exec: 0x2, comm: 0x200, exit: 0x80000000 } as const;
const ANSWER_MS = 1000;
const READS_MAX = 256;
const CN_HEADER = 20;

export interface ProcessEvents {
  readonly started: (pid: number) => void;
  readonly ended: (pid: number) => void;
  /** Events were lost: look at all processes. */
  readonly overrun: () => void;
}

export class ProcessMonitor {
  readonly #fd = new Fd(native().socket(AF_NETLINK, SOCK.datagram, NETLINK_CONNECTOR), 'process events');
  readonly #watch: Watch;
  readonly #buffer = new Uint8Array(4096);

  /** @throws SystemError ECONNREFUSED in another network namespace, EPERM */
  constructor(readonly events: ProcessEvents) {
    closeOnError(this.#fd, (fd) => {
      native().bind(fd.number, netlinkAddress(CN_IDX_PROC));
      this.#listen();
    });
    this.#watch = whenReadable(this.#fd.number, () => this.#read());
  }

  /** See setReceiveBuffer. */
  receiveBuffer(bytes: number, force: boolean): void {
    setReceiveBuffer(this.#fd.number, bytes, force);
  }

  /** struct cn_msg: index, value, sequence, acknowledgement, length (2), flags (2), then the operation. */
  #listen(): void {
    const body = new Uint8Array(CN_HEADER + 4);
    const view = viewOf(body);
    view.setUint32(0, CN_IDX_PROC, little);
    view.setUint32(4, CN_VAL_PROC, little);
    view.setUint16(16, 4, little);
    view.setUint32(CN_HEADER, LISTEN, little);
    const message = { type: NLMSG_DONE, flags: 0, sequence: 0, port: 0, payload: body };
    native().sendto(this.#fd.number, encodeMessage(message), netlinkAddress());
    native().pollOnce(this.#fd.number, POLLIN, ANSWER_MS);
  }

  #read(): void {
    for (let count = 0; count < READS_MAX; count++) {
      let length: number;
      try {
        length = native().recvfrom(this.#fd.number, this.#buffer);
      } catch (error) {
        if (!hasCode(error, 'ENOBUFS')) throw error;
        this.events.overrun();
        continue;
      }
      if (length < 0) return;
      for (const { payload } of decodeMessages(this.#buffer.subarray(0, length)) ?? []) this.#take(payload.subarray(CN_HEADER));
    }
  }

  /** struct proc_event: what, CPU, time (8), then pids: fork {parent, parent's group, child, its group}, else {pid, group}. */
  #take(event: Uint8Array): void {
    if (event.length < 24) return;
    const view = viewOf(event);
    const what = view.getUint32(0, little);
    const [first, group] = [view.getInt32(16, little), view.getInt32(20, little)];
    if (what === EVENT.fork && event.length >= 32) {
      const child = view.getInt32(24, little);
      if (child === view.getInt32(28, little)) this.events.started(child);
    } else if (first === group && (what === EVENT.exec || what === EVENT.comm)) {
      this.events.started(first);
    } else if (first === group && what === EVENT.exit) {
      this.events.ended(first);
    } else if (what === NO_ERROR) {
      this.events.overrun(); // the answer to #listen: events are reported from now on, so look at all processes
    }
  }

  close(): void {
    this.#watch.stop();
    this.#fd.close();
  }
}
