// A packet socket on all interfaces of this network namespace, without the headers of their links (man 7 packet): a copy of what comes in, taken before tc
// has it.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { POLLIN } from '../readable.js';
import { setReceiveBuffer } from './receive-buffer.js';
import { ReceivingSocket } from './receiving-socket.js';
import { SOCK } from './socket-address.js';

const AF_PACKET = 17;
const ETH_P_ALL = 0x0003;
const SOCKADDR_LL_BYTES = 20;
const PACKET_BYTES = 512;
/** More is lost. */
const QUEUE_BYTES = 1 << 20;

/** struct sockaddr_ll of every interface. */
function everywhere(): Uint8Array {
  const out = new Uint8Array(SOCKADDR_LL_BYTES);
  viewOf(out).setUint16(0, AF_PACKET, little);
  viewOf(out).setUint16(2, ETH_P_ALL);
  return out;
}

export class PacketTap extends ReceivingSocket {
  readonly #buffer = new Uint8Array(PACKET_BYTES);

  /** `filter`: a program of classic BPF over IP packets. @throws SystemError EPERM */
  constructor(filter: Uint8Array) {
    // Protocol 0 receives nothing, so that nothing is queued before the filter is there.
    super(
      closeOnError(new Fd(native().socket(AF_PACKET, SOCK.datagram, 0), 'packet socket'), (fd) => {
        native().attachFilter(fd.number, filter);
        setReceiveBuffer(fd.number, QUEUE_BYTES, true);
        native().bind(fd.number, everywhere());
        return fd;
      }),
    );
  }

  /** The next packet, cut to 512 bytes; undefined: none came within `ms`. */
  receive(ms: number): Uint8Array | undefined {
    const waiting = this.#next();
    if (waiting !== undefined || ms <= 0 || native().pollOnce(this.descriptor.number, POLLIN, ms) === 0) return waiting;
    return this.#next();
  }

  #next(): Uint8Array | undefined {
    // The kernel reports once that an interface went down.
    const length = unlessCode(() => native().recvfrom(this.descriptor.number, this.#buffer), ['ENETDOWN'], -1);
    return length < 0 ? undefined : this.#buffer.slice(0, length);
  }
}
