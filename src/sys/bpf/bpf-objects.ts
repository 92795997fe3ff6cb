// BPF objects, programs, maps and links as objects that own their descriptors.
import { native } from '../addon.js';
import { hasCode, isSystemError, onPath } from '../errno.js';
import { Fd } from '../fd.js';
import type { BpfObject, MapInfo, ProgTest, ProgTestResult } from '../native.js';
import { refusedPart, tableRefusal } from './size-refusal.js';

export const ATTACH_XDP = 37;
export const ATTACH_TCX_INGRESS = 46;
export const ATTACH_TCX_EGRESS = 47;

const MAP_ARRAY = 2;
const MAP_ARRAY_OF_MAPS = 12;
const MAP_QUEUE = 22;
const MAP_MMAPABLE = 1 << 10;
const ARRAY_KEY_BYTES = 4;
/** By which a program in user space names a map to a map of maps. */
const MAP_NUMBER_BYTES = 4;

/** `keySize`: bytes. */
interface MapKind {
  readonly type: number;
  readonly keySize: number;
  readonly flags: number;
  /** Of a map of maps: one of those that it is to hold. */
  readonly inner?: number;
}

class Pinnable {
  constructor(readonly fd: Fd) {}

  /** @throws SystemError EEXIST, EPERM (not a bpffs), EINVAL */
  pin(path: string): void {
    native().bpfObjPin(this.fd.number, path);
  }

  close(): void {
    this.fd.close();
  }
}

/** @throws SystemError ENOENT, with the path in its message */
function pinned(path: string): Fd {
  return new Fd(
    onPath(path, () => native().bpfObjGet(path)),
    path,
  );
}

export class BpfMap extends Pinnable {
  static pinned(path: string): BpfMap {
    return new BpfMap(pinned(path));
  }

  /** An array that can be mapped; its memory is zero. `name`: 15 characters at most. @throws WeirError bpf-table-refused; SystemError EPERM */
  static createArray(name: string, valueSize: number, entries: number): BpfMap {
    return BpfMap.#create(name, valueSize, entries, { type: MAP_ARRAY, keySize: ARRAY_KEY_BYTES, flags: MAP_MMAPABLE });
  }

  /** First in, first out, without keys. @throws as createArray */
  static createQueue(name: string, valueSize: number, entries: number): BpfMap {
    return BpfMap.#create(name, valueSize, entries, { type: MAP_QUEUE, keySize: 0, flags: 0 });
  }

  /** An array of maps as `inner`. @throws as createArray */
  static createArrayOfMaps(name: string, inner: BpfMap, entries: number): BpfMap {
    const kind = { type: MAP_ARRAY_OF_MAPS, keySize: ARRAY_KEY_BYTES, flags: 0, inner: inner.fd.number };
    return BpfMap.#create(name, MAP_NUMBER_BYTES, entries, kind);
  }

  static #create(name: string, valueSize: number, entries: number, { type, keySize, flags, inner }: MapKind): BpfMap {
    try {
      return new BpfMap(new Fd(native().bpfMapCreate(type, name, keySize, valueSize, entries, flags, inner), `map ${name}`));
    } catch (error) {
      throw tableRefusal(error, { name, entries, bytes: valueSize }) ?? error;
    }
  }

  info(): MapInfo {
    return native().bpfMapInfo(this.fd.number);
  }

  /** False: no such key. `into`: valueSize bytes (per-CPU maps: rounded up to 8, times the possible CPUs). */
  lookup(key: Uint8Array, into: Uint8Array): boolean {
    return found(() => native().bpfMapLookup(this.fd.number, key, into));
  }

  /** flags: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2. @throws SystemError EEXIST, ENOENT; E2BIG, ENOSPC: it is full, and the message names it */
  update(key: Uint8Array, value: Uint8Array, flags = 0): void {
    try {
      native().bpfMapUpdate(this.fd.number, key, value, flags);
    } catch (error) {
      if (isSystemError(error) && hasCode(error, 'E2BIG', 'ENOSPC')) error.message += this.#fullText();
      throw error;
    }
  }

  #fullText(): string {
    const { name, maxEntries } = this.info();
    return `: the table ${name} has room for ${maxEntries} entries`;
  }

  /** False: no such key. */
  delete(key: Uint8Array): boolean {
    return found(() => native().bpfMapDelete(this.fd.number, key));
  }

  /** All keys as fresh copies. When a key is deleted meanwhile, the kernel may start over, so that a key may come twice. */
  *keys(): Generator<Uint8Array> {
    const size = this.info().keySize;
    const next = new Uint8Array(size);
    let key: Uint8Array | null = null;
    while (native().bpfMapNextKey(this.fd.number, key, next)) {
      key = next.slice();
      yield key;
    }
  }

  /** Deletes all keys that it has now. */
  empty(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }

  /** Shared memory with the kernel; see Native.bpfMapMmap. */
  mmap(length: number, writable: boolean, offset = 0): ArrayBuffer {
    return native().bpfMapMmap(this.fd.number, length, writable, offset);
  }
}

export class Program extends Pinnable {
  static pinned(path: string): Program {
    return new Program(pinned(path));
  }

  id(): number {
    return native().bpfProgId(this.fd.number);
  }

  /** Runs the program on a packet, no device involved. */
  test(test: ProgTest): ProgTestResult {
    return native().bpfProgTest(this.fd.number, test);
  }

  /** Attaches to a device; the link lives as long as its descriptor or its pin. */
  attach(ifindex: number, attachType: number, flags = 0, nsfd = -1): Link {
    return new Link(new Fd(native().bpfLinkCreate(this.fd.number, ifindex, attachType, flags, nsfd), `link ${ifindex}`));
  }
}

export class Link extends Pinnable {
  static pinned(path: string): Link {
    return new Link(pinned(path));
  }

  info(): ReturnType<ReturnType<typeof native>['bpfLinkInfo']> {
    return native().bpfLinkInfo(this.fd.number);
  }

  /** Replaces the program atomically: one of the two runs for every packet. */
  update(program: Program): void {
    native().bpfLinkUpdate(this.fd.number, program.fd.number);
  }

  detach(): void {
    native().bpfLinkDetach(this.fd.number);
  }
}

/** An object file: it is adjusted, loaded once, and then gives its programs and maps. */
export class ObjectFile {
  readonly #handle: BpfObject;

  /** @throws SystemError ENOENT; where the file cannot be used, `log` has the reason */
  constructor(path: string) {
    this.#handle = native().bpfObjectOpen(path);
  }

  mapEntries(map: string, entries: number): this {
    native().bpfSetMapEntries(this.#handle, map, entries);
    return this;
  }

  /** @throws SystemError ENOENT, EINVAL on another size */
  variable(name: string, value: Uint8Array): this {
    native().bpfSetVariable(this.#handle, name, value);
    return this;
  }

  reuseMap(name: string, map: BpfMap): this {
    native().bpfReuseMap(this.#handle, name, map.fd.number);
    return this;
  }

  autoload(program: string, load: boolean): this {
    native().bpfSetAutoload(this.#handle, program, load);
    return this;
  }

  /** @throws SystemError with `log`: the verifier's last lines; its message names what was refused */
  load(): this {
    try {
      native().bpfObjectLoad(this.#handle);
    } catch (error) {
      const part = isSystemError(error) && error.log !== undefined ? refusedPart(error.log) : undefined;
      if (part !== undefined) (error as Error).message += ` of ${part}`;
      throw error;
    }
    return this;
  }

  program(name: string): Program {
    return new Program(new Fd(native().bpfProgramFd(this.#handle, name), `program ${name}`));
  }

  map(name: string): BpfMap {
    return new BpfMap(new Fd(native().bpfMapFd(this.#handle, name), `map ${name}`));
  }

  close(): void {
    native().bpfObjectClose(this.#handle);
  }
}

function found(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
