// The processes of a script that is to end: its process group and, where the whole family is meant, every process below it, also one with
// a session of its own. A process whose parent has ended and that has left the group is a daemon that the script started: it is left alone.
import { hasCode, unlessCode } from '../../sys/errno.js';
import { closeOnError } from '../../sys/fd.js';
import { signalProcess } from '../../sys/processes/child.js';
import { ProcessHandle } from '../../sys/processes/process-handle.js';
import { type Descendant, descendants, processStat } from '../../sys/processes/process-tree.js';

/** So many processes are waited for; a script with more of them is killed without a wait. */
const WAITED_MAX = 256;
/** So many are found in one look. */
const FOUND_MAX = 4096;
/** What is being killed may fork meanwhile: it is stopped first, and looked for again. */
const LOOKS_MAX = 8;

export class ScriptFamily {
  readonly #members = new Map<number, ProcessHandle>();

  constructor(
    /** Not reaped as long as this is used, so that no other process gets its number or its group's. */
    readonly leader: number,
    readonly whole: boolean,
    /** The last process that is waited for has ended; the leader is not one of them. */
    readonly onEmpty: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** Asks all of them to end. */
  terminate(): void {
    const outside = this.#find();
    this.signalGroup('SIGTERM');
    for (const member of outside) member.signal('SIGTERM');
  }

  kill(): void {
    this.signalGroup('SIGSTOP');
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const found = this.#find();
      for (const member of found) member.signal('SIGSTOP');
      if (found.length === 0) break;
    }
    this.signalGroup('SIGKILL');
    for (const member of this.#members.values()) member.signal('SIGKILL');
  }

  /** One kill(2) for the group: no fork of a member escapes it. */
  signalGroup(signal: NodeJS.Signals): void {
    try {
      signalProcess(-this.leader, signal);
    } catch (error) {
      if (!hasCode(error, 'EPERM')) throw error;
    }
  }

  /**
   * Takes in what is new below the leader and the members; returns those of them that are not in the leader's group. Without descriptors the
   * group ends alone.
   */
  #find(): readonly ProcessHandle[] {
    const outside: ProcessHandle[] = [];
    unlessCode(() => this.#findInto(outside), ['EMFILE', 'ENFILE', 'ENOMEM'], undefined);
    return outside;
  }

  #findInto(outside: ProcessHandle[]): void {
    const { leader, whole } = this;
    for (const { pid, parent, group } of this.#below()) {
      if (!whole && group !== leader) continue;
      const member = ProcessHandle.open(pid);
      // The number may be another process's by now, which has another parent.
      if (member === undefined || processStat(pid)?.parent !== parent) {
        member?.close();
      } else if (this.#members.size >= WAITED_MAX) {
        member.signal('SIGKILL');
        member.close();
      } else {
        closeOnError(member, () => this.#wait(member));
        if (group !== leader) outside.push(member);
      }
    }
  }

  /** Only of processes that had their numbers until all were read. */
  #below(): readonly Descendant[] {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const known = [...this.#members.values()].filter((member) => member.hasItsNumber());
      const found = descendants([this.leader, ...known.map(({ pid }) => pid)], FOUND_MAX);
      if (known.every((member) => member.hasItsNumber())) return found;
    }
    return descendants([this.leader], FOUND_MAX);
  }

  #wait(member: ProcessHandle): void {
    member.whenEnded(() => {
      member.close();
      this.#members.delete(member.pid);
      if (this.isEmpty) this.onEmpty();
    });
    this.#members.set(member.pid, member);
  }

  close(): void {
    for (const member of this.#members.values()) member.close();
    this.#members.clear();
  }
}
