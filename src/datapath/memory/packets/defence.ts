// The defences against floods: drop_entry, drop_packet and the automatic modes of secure_tcp. What the kernel decides by free memory is decided
// by free slots of the connection tables, once a second.

/** drop_entry looks at every so many-th bucket at a time. */
export const BUCKET_SHARES = 32;
/** What amemthresh counts in: so many make up a table. */
const TABLE_PARTS = 8192;

/** Modes 1 and 2 are automatic: 1 is shown while the defence rests, 2 while it is at work. */
const modeAfter = (mode: number, scarce: boolean): number => (mode === 1 || mode === 2 ? 1 + Number(scarce) : mode);

const isAtWork = (mode: number): boolean => mode >= 2;

export class Defence {
  dropEntry = 0;
  dropPacket = 0;
  secureTcp = 0;
  /** Of drop_packet's mode 3. */
  amDroprate = 10;
  amemthresh = 1024;
  /** Every so many-th new connection is dropped; 0: none. */
  dropRate = 0;
  /** drop_entry is at work. */
  dropsEntries = false;
  #untilDrop = 0;

  /** The table of secure_tcp is in force. */
  get isSecure(): boolean {
    return isAtWork(this.secureTcp);
  }

  /** The fullest of the connection tables decides. `used`: of so many slots. */
  update(tables: readonly { readonly used: number; readonly slots: number }[]): void {
    const available = Math.min(...tables.map(({ used, slots }) => Math.floor((Math.max(0, slots - used) * TABLE_PARTS) / slots)));
    const scarce = available < this.amemthresh;
    this.dropEntry = modeAfter(this.dropEntry, scarce);
    this.dropPacket = modeAfter(this.dropPacket, scarce);
    this.secureTcp = modeAfter(this.secureTcp, scarce);
    this.dropsEntries = isAtWork(this.dropEntry);
    const rate = this.dropPacket === 3 ? this.amDroprate : Math.floor(this.amemthresh / (this.amemthresh - available));
    this.dropRate = isAtWork(this.dropPacket) ? rate : 0;
  }

  /** Is this new connection dropped? */
  dropsNext(): boolean {
    if (this.#untilDrop > 1) {
      this.#untilDrop--;
      return false;
    }
    this.#untilDrop = this.dropRate;
    return true;
  }
}
