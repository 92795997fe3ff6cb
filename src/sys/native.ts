// The one door to native/: what the addon offers, typed. Every failure is thrown as SystemError.

/** Thrown by every native call. `errno` is the kernel's positive number, `code` its name, `syscall` what failed. */
export interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
}

export interface ProgTest {
  readonly data: Uint8Array;
  readonly repeat?: number;
  /** struct xdp_md or struct __sk_buff in; the context after the run comes back in `ctx`. */
  readonly ctx?: Uint8Array;
  readonly flags?: number;
  readonly cpu?: number;
  readonly batchSize?: number;
  /** Room for the packet out, bytes; default: data.length + 256. 0: no packet out. */
  readonly outSize?: number;
}
export interface ProgTestResult {
  readonly retval: number;
  /** Mean nanoseconds a run. */
  readonly duration: number;
  readonly data: Uint8Array;
  readonly ctx: Uint8Array;
}
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly mapFlags: number;
  readonly name: string;
  /** bytes of kernel memory charged (fdinfo memlock) */
  readonly memlock: number;
}

declare const bpfObject: unique symbol;
/** An opened (maybe loaded) BPF object file; freed by bpfObjectClose or by the collector. */
export type BpfObject = { readonly [bpfObject]: true };
declare const poll: unique symbol;
export type PollHandle = { readonly [poll]: true };

export interface Native {
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** LOCK_SH 1, LOCK_EX 2, LOCK_NB 4, LOCK_UN 8. Blocks without LOCK_NB. */
  flock(fd: number, operation: number): void;
  /** nsfd: the network namespace (a descriptor) in which the socket is born; -1 or absent: our own. */
  socket(domain: number, type: number, protocol: number, nsfd?: number): number;
  bind(fd: number, sockaddr: Uint8Array): void;
  connect(fd: number, sockaddr: Uint8Array): void;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): void;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  getsockname(fd: number, sockaddr: Uint8Array): number;
  sendto(fd: number, bytes: Uint8Array, sockaddr?: Uint8Array): number;
  /** Bytes read, or -1 when nothing is waiting. */
  recvfrom(fd: number, into: Uint8Array, sockaddr?: Uint8Array): number;
  ioctl(fd: number, request: number, arg: Uint8Array): number;
  /** Blocks this thread until fd is ready or ms are over; the ready events (POLLIN 1, POLLOUT 4), 0 on timeout. */
  pollOnce(fd: number, events: number, ms: number): number;
  pollStart(fd: number, events: number, callback: (status: number, events: number) => void): PollHandle;
  pollStop(handle: PollHandle): void;
  /** Moves the calling thread into a network namespace; nothing else may run in this thread's event loop after. */
  setns(fd: number): void;
  /** SO_NETNS_COOKIE of a namespace (our own: absent). */
  netnsCookie(nsfd?: number): bigint;
  ifNameToIndex(name: string, nsfd?: number): number;
  possibleCpus(): number;

  bpfObjectOpen(path: string): BpfObject;
  bpfSetMapEntries(object: BpfObject, map: string, entries: number): void;
  /** Sets a `const volatile` / global variable's initial value before load. Bytes must have the variable's size. */
  bpfSetVariable(object: BpfObject, name: string, value: Uint8Array): void;
  /** Makes the object use an existing map instead of creating its own. */
  bpfReuseMap(object: BpfObject, map: string, fd: number): void;
  /** Whether this program is loaded at all (default: yes). */
  bpfSetAutoload(object: BpfObject, program: string, load: boolean): void;
  /** On failure the thrown error has `log`: the verifier's last lines. */
  bpfObjectLoad(object: BpfObject): void;
  /** New descriptors, owned by the caller. */
  bpfProgramFd(object: BpfObject, program: string): number;
  bpfMapFd(object: BpfObject, map: string): number;
  bpfObjectClose(object: BpfObject): void;
  bpfObjPin(fd: number, path: string): void;
  bpfObjGet(path: string): number;
  bpfMapInfo(fd: number): MapInfo;
  /** Maps a BPF_F_MMAPABLE array: length bytes from its start, shared, read and write. Unmapped by the collector. */
  bpfMapMmap(fd: number, length: number, writable: boolean): ArrayBuffer;
  bpfMapLookup(fd: number, key: Uint8Array, into: Uint8Array): void;
  bpfMapUpdate(fd: number, key: Uint8Array, value: Uint8Array, flags?: number): void;
  bpfMapDelete(fd: number, key: Uint8Array): void;
  /** Next key after `key` (first: null) into `next`; false at the end. */
  bpfMapNextKey(fd: number, key: Uint8Array | null, next: Uint8Array): boolean;
  bpfProgTest(progFd: number, test: ProgTest): ProgTestResult;
  /** attachType: BPF_XDP 37, BPF_TCX_INGRESS 46, BPF_TCX_EGRESS 47. flags: XDP_FLAGS_*. */
  bpfLinkCreate(progFd: number, ifindex: number, attachType: number, flags?: number, nsfd?: number): number;
  bpfLinkUpdate(linkFd: number, progFd: number): void;
  bpfLinkDetach(linkFd: number): void;
  /** ifindex 0: the device is gone. */
  bpfLinkInfo(linkFd: number): { readonly type: number; readonly id: number; readonly progId: number; readonly ifindex: number; readonly attachType: number };
  bpfProgId(progFd: number): number;
  /** clsact for kernels without tcx; creates the qdisc where missing. */
  bpfTcAttach(progFd: number, ifindex: number, egress: boolean, handle: number, priority: number, nsfd?: number): void;
  bpfTcDetach(ifindex: number, egress: boolean, handle: number, priority: number, nsfd?: number): void;
  /** Program ids attached at a hook of a device, in order; throws EINVAL where the kernel has no such hook. */
  bpfProgQuery(ifindex: number, attachType: number): readonly number[];
}
