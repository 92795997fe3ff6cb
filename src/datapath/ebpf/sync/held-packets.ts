// First packets of new connections that the datapath holds back (bpf/director/hold.h): they are read from its ring, and come in once more by the device
// that they came by.
import { artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { RingBuffer } from '../../../sys/bpf/ring-buffer.js';
import { isSystemError } from '../../../sys/errno.js';
import { completeChecksum } from '../../../wire/complete-checksum.js';
import { Abi, Conf } from '../abi.gen.js';
import { HeldPacket, HoldAbi } from '../hold.gen.js';
import { LAYOUT } from '../layouts.gen.js';
import { HELD_PACKETS_PIN, Tables } from '../table/tables.js';

/** Of struct __sk_buff. */
const CONTEXT_WORDS = 48;
const IFINDEX = 10;

/** How long the datapath holds packets back without being asked to again. */
export const LEASE_MS = 50;

export interface HeldFrame {
  readonly ifindex: number;
  readonly frame: Uint8Array;
}

export class HeldPackets {
  readonly #tables: Tables;
  readonly #object: ObjectFile;
  readonly #program: Program;
  readonly #map: BpfMap;
  readonly #ring: RingBuffer;
  readonly #context = new Uint32Array(CONTEXT_WORDS);
  #watch: { stop(): void } | undefined;
  #failed = 0;

  /** `folder`: of the pins. @throws SystemError ENOENT: nothing is loaded; others where the kernel refuses the program */
  constructor(folder: string) {
    this.#tables = new Tables(folder);
    this.#map = BpfMap.pinned(`${folder}/${HELD_PACKETS_PIN}`);
    this.#ring = new RingBuffer(this.#map);
    this.#object = new ObjectFile(artifact('weir-release.bpf.o')).load();
    this.#program = this.#object.program('weir_release');
  }

  /** Packets that could not come in again: the device is gone or down, or the kernel's queue is full. Their clients send them again. */
  get failed(): number {
    return this.#failed;
  }

  /** Calls `work` while there are packets in the ring. */
  watch(work: () => void): void {
    this.#watch = this.#ring.watch(work);
  }

  /** Hands over what is in the ring, as copies. */
  take(to: (held: HeldFrame) => void): void {
    this.#ring.take((record) => {
      const view = new DataView(record.buffer, record.byteOffset);
      const length = view.getUint32(HeldPacket.length.at, true);
      const ifindex = view.getUint32(HeldPacket.ifindex.at, true);
      to({ ifindex, frame: record.slice(HeldPacket.frame.at, HeldPacket.frame.at + length) });
    });
  }

  /** New connections are held back for LEASE_MS from now on, unless another build has the tables. */
  renew(): void {
    const { conf } = this.#tables;
    if (conf.get(0, Conf.magic) !== Abi.WEIR_MAGIC || conf.get(0, Conf.layout) !== LAYOUT) return;
    const now = process.hrtime.bigint() + BigInt(LEASE_MS) * 1_000_000n;
    conf.set(0, Conf.holdUntil, Number((now >> BigInt(HoldAbi.HOLD_SHIFT)) & 0xffff_ffffn) || 1);
  }

  /** And are no more. */
  end(): void {
    this.#tables.conf.set(0, Conf.holdUntil, 0);
  }

  release({ ifindex, frame }: HeldFrame): void {
    completeChecksum(frame);
    this.#context[IFINDEX] = ifindex;
    const ctx = new Uint8Array(this.#context.buffer);
    try {
      this.#failed += this.#program.test({ data: frame, ctx, outSize: 0 }).retval;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#failed += 1;
    }
  }

  close(): void {
    this.#watch?.stop();
    this.#program.close();
    this.#object.close();
    this.#map.close();
  }
}
