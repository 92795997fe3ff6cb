// A connection whose PROXY header is awaited, before TLS begins on it.
import { type ProxiedConnection, readProxyHeader } from '../../wire/proxy-protocol/proxy-header.js';
import type { ProxyContext } from './context.js';
import { Stream } from './stream.js';

/** `from`: undefined of LOCAL and UNKNOWN. `rest`: what came behind the header. Or why it was none; then the connection is closed. */
export type OnProxyHeader = (
  header: { readonly from: ProxiedConnection | undefined; readonly rest: Uint8Array } | { readonly invalid: string },
) => void;

export class ProxyHeaderConnection extends Stream {
  /** `onWhole` gets the descriptor, watched, unless the connection is closed. */
  constructor(
    readonly context: ProxyContext,
    fd: number,
    readonly onWhole: OnProxyHeader,
  ) {
    super(context, fd, true);
    this.deadlineUs = context.edge.nowUs + context.limits.headTimeoutUs;
  }

  onData(from: number, to: number): void {
    const { slab } = this.context.edge;
    const read = readProxyHeader(slab.subarray(from, to));
    if (read.kind === 'incomplete') this.keep(from, to);
    else if (read.kind === 'invalid') this.#fail(read.cause);
    else {
      const rest = slab.slice(from + read.length, to);
      this.release();
      this.onWhole({ from: read.connection, rest });
    }
  }

  #fail(invalid: string): void {
    this.close();
    this.onWhole({ invalid });
  }

  onEnd(): void {
    this.#fail('the connection ended before it');
  }

  onBroken(error: number): void {
    this.onWhole({ invalid: `error ${-error} of the connection before it` });
  }

  onDrained(): void {}

  onDeadline(): void {
    this.#fail('it did not come in time');
  }
}
