// What a test of an example of keepalived.conf needs to know of it.
import type { Bed, Host } from '../support/netns-bed.js';
import type { RunningDaemon } from '../support/running-daemon.js';

export interface Example {
  /** The host's interfaces and their addresses. */
  readonly devices: Readonly<Record<string, string>>;
  /** What `ip -o addr` must show while it is master. */
  readonly holds: readonly RegExp[];
  /** What happens between the start and mastership. */
  readonly before?: (host: Host, bed: Bed, daemon: RunningDaemon, lan: Host) => Promise<void>;
  readonly after?: (host: Host, daemon: RunningDaemon) => Promise<void>;
}
