// Bytes in one direction of a connection: in order, each after a time on its way, and as many as fit into the buffers of both ends.
export const PIPE_BYTES = 65_536;

export class Pipe {
  #chunks: { readonly atUs: number; readonly bytes: Uint8Array }[] = [];
  #lastUs = 0;
  bytes = 0;

  /** When they arrive. */
  push(bytes: Uint8Array, atUs: number): number {
    this.#lastUs = Math.max(this.#lastUs, atUs);
    this.bytes += bytes.length;
    this.#chunks.push({ atUs: this.#lastUs, bytes });
    return this.#lastUs;
  }

  take(nowUs: number): readonly Uint8Array[] {
    const count = this.#chunks.filter(({ atUs }) => atUs <= nowUs).length;
    const taken = this.#chunks.splice(0, count).map(({ bytes }) => bytes);
    for (const { length } of taken) this.bytes -= length;
    return taken;
  }
}
