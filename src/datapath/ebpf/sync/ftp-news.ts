// Which of FTP's control connections have had their first reply, or their numbers shifted further, or wait for another reply, since it looked last: their state
// is the same then.
import { swap16, viewOf } from '../../../wire/bytes.js';
import { Abi } from '../abi.gen.js';
import { FtpKey } from '../ftp.gen.js';
import { connectionHash, type HashKeys, hashKeysOf } from '../table/endpoint-table.js';
import { addressHash } from '../table/record-address.js';
import { IPV6_PINS, TABLE_PIN, type Tables } from '../table/tables.js';
import { FtpNumbers, NUMBERS } from './ftp-numbers.js';

/** Where a connection is found: the pin of its table, the hash of its home, and its key. */
export type FtpChanged = (pin: string, hash: number, keyLow: number, keyHigh: number) => void;

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** They are looked at again after so many milliseconds, and so many times as long as it took. */
const [AGAIN_MS, SHARE] = [20, 20] as const;

export class FtpNews {
  #againAt = 0;
  readonly #numbers: FtpNumbers;
  readonly #keys: HashKeys;
  /** By connection, what it was when it was reported. */
  #known = new Map<string, string>();

  constructor(readonly tables: Tables) {
    this.#numbers = new FtpNumbers(tables);
    this.#keys = hashKeysOf(tables);
  }

  close(): void {
    this.#numbers.close();
  }

  /** As look(), where it is time for that. */
  lookAgain(changed: FtpChanged): void {
    const began = performance.now();
    if (began < this.#againAt) return;
    this.look(changed);
    const now = performance.now();
    this.#againAt = now + Math.max(AGAIN_MS, SHARE * (now - began));
  }

  /** Looks at all of them. */
  look(changed: FtpChanged): void {
    const known = new Map<string, string>();
    const numbers = new Uint32Array(NUMBERS);
    for (const { map } of this.#numbers.ways) {
      for (const key of map.keys()) {
        const name = textOf(key);
        if (known.has(name)) continue;
        this.#numbers.key.set(key);
        this.#numbers.readByKey(numbers);
        const text = [...numbers, ...this.#numbers.reply].join();
        known.set(name, text);
        if (this.#known.get(name) !== text) this.#report(key, changed);
      }
    }
    this.#known = known;
  }

  #report(key: Uint8Array, changed: FtpChanged): void {
    const view = viewOf(key);
    const words = Array.from({ length: FtpKey.caddr.count }, (_, k) => view.getUint32(FtpKey.caddr.at + 4 * k, true));
    const [first = 0, ...others] = words;
    const isSix = others.some((word) => word !== 0);
    const low = isSix ? addressHash(words, this.#keys) : first;
    const port = swap16(view.getUint16(FtpKey.cport.at));
    const service = view.getUint32(FtpKey.service.at, true);
    const client = BigInt(low) | (BigInt(port) << BigInt(Abi.K_PORT_SHIFT));
    changed(isSix ? IPV6_PINS.conns : TABLE_PIN, connectionHash(client, this.#keys), low, (port | (service << 16)) >>> 0);
  }
}
