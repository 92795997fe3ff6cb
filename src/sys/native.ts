// The types of the addon in native/. Every call throws SystemError when it fails.

/** Thrown by every native call. `errno` is the kernel's positive number, `code` its name, `syscall` what failed. */
export interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  /** The system's text, without code and call: `Network is unreachable`. Node's own errors have none. */
  readonly reason?: string;
  /** The last lines of libbpf and the verifier, where they printed any. */
  readonly log?: string;
}

export interface ProgTest {
  /** The packet; empty for programs that take only a context. */
  readonly data: Uint8Array;
  readonly repeat?: number;
  /** struct xdp_md or struct __sk_buff in; the result has the context after the run. */
  readonly ctx?: Uint8Array;
  readonly flags?: number;
  readonly cpu?: number;
  readonly batchSize?: number;
  /** Size of the buffer for the packet out, bytes; default: data.length + 256. 0: no packet out. */
  readonly outSize?: number;
}
export interface ProgTestResult {
  readonly retval: number;
  /** Mean time of one run, ns. */
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
  /** bytes of kernel memory charged (fdinfo memlock); -1 where /proc is not mounted */
  readonly memlock: number;
}

declare const bpfObject: unique symbol;
/** An opened (maybe loaded) BPF object file; freed by bpfObjectClose or by the garbage collector. Use after closing: EBADF. */
export type BpfObject = { readonly [bpfObject]: true };
declare const poll: unique symbol;
/** One running poll; it ends by pollStop, or with its thread. */
export type PollHandle = { readonly [poll]: true };

export interface Native {
  /** Adds O_CLOEXEC. */
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** LOCK_SH 1, LOCK_EX 2, LOCK_NB 4, LOCK_UN 8. Blocks without LOCK_NB. */
  flock(fd: number, operation: number): void;
  /** Never blocks, closes on exec. nsfd: a descriptor of the network namespace to create it in; -1 or absent: our own. */
  socket(domain: number, type: number, protocol: number, nsfd?: number): number;
  bind(fd: number, sockaddr: Uint8Array): void;
  listen(fd: number, backlog: number): void;
  /** false: a stream socket is still connecting (EINPROGRESS): wait for POLLOUT, then read SO_ERROR. */
  connect(fd: number, sockaddr: Uint8Array): boolean;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): void;
  /** A program of classic BPF: instructions (struct sock_filter), at most 64, at least one. */
  attachFilter(fd: number, program: Uint8Array): void;
  /** Bytes written into `value`. */
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** Returns the length of the address in bytes, which may be more than `sockaddr` holds. */
  getsockname(fd: number, sockaddr: Uint8Array): number;
  sendto(fd: number, bytes: Uint8Array, sockaddr?: Uint8Array | null): number;
  /** Bytes read, or -1 when nothing is waiting. flags: MSG_PEEK 2, MSG_TRUNC 0x20 (returns the whole length). */
  recvfrom(fd: number, into: Uint8Array, sockaddr?: Uint8Array | null, flags?: number): number;
  /** As sendto, with control messages (struct cmsghdr, bytes as they are, at most 1 KiB). */
  sendmsg(fd: number, bytes: Uint8Array, sockaddr: Uint8Array | null, control: Uint8Array | null): number;
  /** As recvfrom, with control messages. The rest of `control` is set to 0. @throws EOPNOTSUPP for a unix socket */
  recvmsg(fd: number, into: Uint8Array, sockaddr: Uint8Array | null, control: Uint8Array): number;
  /** `arg` at most 16 KiB; a short one is padded with zeros. It must hold no pointers. */
  ioctl(fd: number, request: number, arg: Uint8Array): number;
  /**
   * Blocks this thread until fd is ready or ms are over; the ready events (POLLIN 1, POLLPRI 2, POLLOUT 4, POLLERR 8,
   * POLLHUP 16), 0 on timeout.
   */
  pollOnce(fd: number, events: number, ms: number): number;
  /** Sets revents of each struct pollfd (int fd, short events, short revents), at most 256; how many are not 0. Never waits. */
  pollNow(entries: Uint8Array): number;
  /**
   * Calls back from this thread's event loop while fd is ready for events (POLLIN 1, POLLPRI 2, POLLOUT 4, POLLRDHUP
   * 0x2000). status: 0, or a negative errno. It polls a duplicate of fd, so that the open file stays open until pollStop.
   */
  pollStart(fd: number, events: number, callback: (status: number, events: number) => void): PollHandle;
  /** Stopping twice does nothing. */
  pollStop(handle: PollHandle): void;
  /** A one-shot timer on the monotonic clock; read by timerRead, watched by pollStart. */
  timerCreate(): number;
  /** A set of descriptors, itself one that can be read while an entry is ready. */
  epollCreate(): number;
  /** operation: EPOLL_CTL_ADD 1, DEL 2, MOD 3. events: EPOLLIN 1, EPOLLOUT 4, level-triggered. A closed descriptor leaves the set. */
  epollControl(set: number, operation: number, fd: number, events: number, slot: number, generation: number): void;
  /** How many entries are ready now, at most 256; each takes 12 bytes of `into`: its events, slot and generation. Never waits. */
  epollWait(set: number, into: Uint8Array): number;
  /**
   * The one reactor of this thread: an epoll set, a slab and room for events; `callback` gets how many pairs of descriptor and events stand
   * in `events`. @throws SystemError EBUSY, ENOMEM. The other calls of the reactor answer with -errno where the system refuses.
   */
  reactorOpen(slabBytes: number, callback: (count: number) => void): { readonly slab: ArrayBuffer; readonly events: ArrayBuffer };
  /** Closing twice does nothing; sockets stay open. */
  reactorClose(): void;
  /** Watches a descriptor, level-triggered (EPOLLIN 1, EPOLLOUT 4, EPOLLRDHUP 0x2000). */
  reactorAdd(fd: number, events: number): number;
  /** Watches an accepted connection that was not watched, and has the kernel look for its peer (SO_KEEPALIVE). */
  reactorAdopt(fd: number, events: number): number;
  /** What a connection received is acknowledged now, and what comes immediately (TCP_QUICKACK). */
  reactorAcknowledge(fd: number): number;
  /** Other events of a watched one. */
  reactorWatch(fd: number, events: number): number;
  /** The descriptor stays open, outside of the set. `events`: none. */
  reactorRemove(fd: number, events: 0): number;
  /** A listening TCP socket with SO_REUSEPORT and IP_FREEBIND; not watched. Its connections acknowledge late. `address`: a sockaddr. */
  reactorListen(address: Uint8Array, backlog: number): number;
  /** How many connections were accepted, at most 64: 36 bytes each in the slab: fd, length, sockaddr. They are watched unless `events` is 0. */
  reactorAccept(listener: number, offset: number, events: number): number;
  /** A watched socket whose connection is under way. */
  reactorConnect(address: Uint8Array, events: number): number;
  /** Bytes received into the slab; 0: the end. */
  reactorRecv(fd: number, offset: number, length: number): number;
  /** Bytes of the slab that were sent. `endFollows`: the kernel keeps the last segment for the end of the stream. */
  reactorSend(fd: number, offset: number, length: number, endFollows: boolean): number;
  reactorShutdown(fd: number): number;
  /** The socket's pending error, as -errno. */
  reactorError(fd: number): number;
  reactorCloseFd(fd: number): number;
  /** Expires at this time of the monotonic clock, microseconds; a time in the past: immediately; 0: never. */
  timerSet(fd: number, us: number): void;
  /** How many times it expired since the last call. */
  timerRead(fd: number): number;
  /**
   * Starts a program in a process group of its own, with nothing open but /dev/null, ordinary scheduling, all signals at their
   * default, SIGTERM when we die. `argv`, `environment`: texts, each ended by NUL. uid, gid: -1: ours. `groups`: all its groups (gid_t each)
   * where gid is not -1; absent: that one alone.
   */
  spawn(
    path: string,
    argv: Uint8Array,
    environment: Uint8Array,
    uid: number,
    gid: number,
    groups?: Uint8Array,
  ): { readonly pid: number; readonly pidfd: number };
  /** Reaps a child: its exit status, 256 + the signal that ended it, or -1 while it runs. */
  reap(pidfd: number): number;
  /** Reaps children that ended, but none of these pids (32 bits each); how many. */
  reapOrphans(own: Uint8Array): number;
  /** A descriptor of a process, which stays that of this one when the number is another's. It can be read once the process has ended. */
  pidfdOpen(pid: number): number;
  /** 0 sends no signal. @throws SystemError ESRCH once it was reaped, EPERM */
  pidfdSignal(pidfd: number, signal: number): void;
  /** tid 0: this thread. SCHED_OTHER 0, FIFO 1, RR 2, | 0x40000000: children start with the default. */
  setScheduler(tid: number, policy: number, priority: number): void;
  /** Bit n of `mask` is CPU n. */
  setAffinity(tid: number, mask: Uint8Array): void;
  /** Locks in memory what is mapped from files, and the stack. */
  lockFiles(): void;
  /** Unmaps the pages of files that are mapped for reading alone; those that are used again come back from the kernel's cache. */
  releaseFiles(): void;
  /** Ends the process at this moment, 0..255: nothing of the runtime's is run any more. */
  exitNow(status: number): never;
  /** setrlimit(2); -1: no limit. */
  setLimit(resource: number, soft: number, hard: number): void;
  /** The signal that this process gets when its parent dies; 0: none. */
  parentDeathSignal(signal: number): void;
  /** The words of this process as ps shows them, each with a NUL behind it; what has no room is cut off. */
  setWords(words: Uint8Array): void;
  /** Real-time signals only. From the descriptor one byte, its number, can be read for each signal that comes. */
  watchSignal(signal: number): number;
  /** The handlers that are installed get the signals that native/preload kept, if it is loaded. */
  takeSignals(): void;
  lookUpUser(name: string): { readonly uid: number; readonly gid: number } | undefined;
  lookUpGroup(name: string): number | undefined;
  /** The numbers of all groups of a user; `gid`, its primary group, comes first. */
  lookUpGroups(name: string, gid: number): number[];
  mkfifo(path: string, mode: number): void;
  /** Read with fs.readSync; never blocks. */
  inotifyCreate(): number;
  /** The watch descriptor. `mask`: IN_*. */
  inotifyAdd(fd: number, path: string, mask: number): number;
  inotifyRemove(fd: number, watch: number): void;
  /** Moves the calling thread into a network namespace, and with it everything that its event loop runs. */
  setns(fd: number): void;
  /** SO_NETNS_COOKIE of a namespace (our own: absent). */
  netnsCookie(nsfd?: number): bigint;
  ifNameToIndex(name: string, nsfd?: number): number;
  possibleCpus(): number;

  bpfObjectOpen(path: string): BpfObject;
  bpfSetMapEntries(object: BpfObject, map: string, entries: number): void;
  /**
   * Sets a `const volatile` / global variable's initial value before load.
   * @throws EINVAL for another size than the variable's, ENOENT without such a variable, EBUSY after the load
   */
  bpfSetVariable(object: BpfObject, name: string, value: Uint8Array): void;
  /** Makes the object use an existing map instead of creating its own. */
  bpfReuseMap(object: BpfObject, map: string, fd: number): void;
  /** Whether this program is loaded (default: yes). */
  bpfSetAutoload(object: BpfObject, program: string, load: boolean): void;
  /** The error of a failure has `log`: the verifier's last lines. */
  bpfObjectLoad(object: BpfObject): void;
  /** New descriptors, owned by the caller. */
  bpfProgramFd(object: BpfObject, program: string): number;
  bpfMapFd(object: BpfObject, map: string): number;
  /** Closing twice does nothing. */
  bpfObjectClose(object: BpfObject): void;
  bpfObjPin(fd: number, path: string): void;
  bpfObjGet(path: string): number;
  /** `inner`: of a map of maps, a map as those that it is to hold. */
  bpfMapCreate(type: number, name: string, keySize: number, valueSize: number, entries: number, flags?: number, inner?: number): number;
  bpfMapInfo(fd: number): MapInfo;
  /**
   * Maps a BPF_F_MMAPABLE array, or a ring buffer: length bytes from offset on (default: its start), shared. The garbage collector unmaps it; it outlives the
   * descriptor. Writing to one that is not writable ends the process (SIGSEGV).
   */
  bpfMapMmap(fd: number, length: number, writable: boolean, offset?: number): ArrayBuffer;
  /** The sizes are checked in all three calls (EINVAL). Per-CPU maps: valueSize rounded up to 8, times possibleCpus(). */
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
  /** ifindex 0: the device is gone (or it is no XDP or tcx link). */
  bpfLinkInfo(linkFd: number): {
    readonly type: number;
    readonly id: number;
    readonly progId: number;
    readonly ifindex: number;
    readonly attachType: number;
  };
  bpfProgId(progFd: number): number;
  /** clsact for kernels without tcx; creates the qdisc where missing. */
  bpfTcAttach(progFd: number, ifindex: number, egress: boolean, handle: number, priority: number, nsfd?: number): void;
  /** @throws ENOENT when no program is attached there */
  bpfTcDetach(ifindex: number, egress: boolean, handle: number, priority: number, nsfd?: number): void;
  /** The id of the program that bpfTcAttach attached. @throws ENOENT when no program is attached there */
  bpfTcQuery(ifindex: number, egress: boolean, handle: number, priority: number, nsfd?: number): number;
  /** Program ids attached at a hook of a device, in order. @throws EINVAL where the kernel has no such hook */
  bpfProgQuery(ifindex: number, attachType: number, nsfd?: number): readonly number[];
}
