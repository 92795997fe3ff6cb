// The nouns of the harness for weir doctor: networks that work, and faults that are one broken thing in one of them. All of it is data.
//
// A new fault is an entry in the list `faults` of a file in faults/ (a new file needs no other change):
//   { name: 'nat-vip-gone', topic: 'director', on: 'nat',
//     breaks: [['director', 'weir vip del 198.51.100.80 --dev eth0']],
//     expect: [{ at: 'director', code: 'vip-absent', matches: /198\.51\.100\.80 is on no interface/ }] }
// A working set-up is an entry in the list `setUps` of a file in set-ups/. What the harness does with each row: run.ts. To try some:
//   node dev/build.mjs && node build/test/doctor/harness/try.js WORD...

/** A shell command; or what the harness itself does on that host. */
export type Step =
  | string
  /** Starts a server that answers with its host's name: `tcp 0.0.0.0:80`, `udp 10.1.0.5:53`. */
  | { readonly listen: string }
  /** Ends that server. */
  | { readonly close: string }
  /** Starts a command that goes on by itself; ends it. */
  | { readonly start: string; readonly as: string }
  | { readonly stop: string }
  /** Stops the daemon of `keepalived`, kills it, or starts it (again) with this text as its file. */
  | { readonly keepalived: 'stop' | 'kill' | { readonly text: string } };

/** Steps by host, in order. `wires` is the host of all switches; their ports are named `s1-eth0`. */
export type Steps = readonly (readonly [host: string, ...steps: Step[]])[];

export interface HostPlan {
  /** Interfaces by name: the network that they are plugged into, then addresses: `{ eth0: 'front 10.1.0.2/24' }`. */
  readonly cables?: Readonly<Record<string, string>>;
  /** Shell commands, executed in order when all cables are plugged in. `weir`, `ipvsadm` and `keepalived` are this project's. */
  readonly run?: readonly string[];
  /** Servers: `tcp 0.0.0.0:80`. */
  readonly listen?: readonly string[];
  /** keepalived.conf: a daemon runs with it. `$NAME` is the name of the host. */
  readonly keepalived?: string;
}

/** What a client does, and which hosts must answer it: each of them, and no other. */
export interface Traffic {
  readonly from: string;
  /** `tcp 10.1.0.100:80` */
  readonly to: string;
  readonly answers: readonly string[];
  /** Bytes that go each way (0). */
  readonly bytes?: number;
}

export interface SetUp {
  readonly name: string;
  /** What not every kernel has: without it the set-up and its faults are skipped. */
  readonly needs?: 'tunnels';
  readonly networks: readonly string[];
  readonly hosts: Readonly<Record<string, HostPlan>>;
  /** Commands that succeed when the set-up is ready (daemons have elected …); tried until they do. */
  readonly ready?: readonly (readonly [host: string, command: string])[];
  readonly traffic: readonly Traffic[];
  /** Where doctor runs, and its options: `{ director: '', s1: '--role rs' }`. */
  readonly doctor: Readonly<Record<string, string>>;
  /** Why something is reported there still: it counts in the table, and does not fail the test. */
  readonly open?: string;
}

export interface Expectation {
  /** The host where doctor runs, one of the set-up's `doctor`. */
  readonly at: string;
  readonly code: string;
  /** Found in the finding's whole line, fix included. */
  readonly matches: RegExp;
  /** Other codes of ERROR and WARN that hold, too. */
  readonly also?: readonly string[];
}

export interface Fault {
  readonly name: string;
  /** The topic, for the table: `director`, `server`, `vrrp` … */
  readonly topic: string;
  /** Name of the set-up. */
  readonly on: string;
  readonly breaks: Steps;
  /** `latent`: traffic goes on, or has not met the fault yet. */
  readonly effect?: 'traffic' | 'latent';
  /** What must be found; each one is a row of the table: broken, diagnosed, fixed as printed, diagnosed again. */
  readonly expect: readonly Expectation[];
  /** Codes that name a consequence only: with one of them and without what is expected, the row is a symptom. */
  readonly symptoms?: readonly string[];
  /** What a person does where the finding gives advice only. */
  readonly repair?: Steps;
  /** What the advice beside the fix has a person do after it. */
  readonly afterwards?: Steps;
  /** What takes the set-up back to what it was, where the fix leaves it otherwise. Without it, a failed fix makes the network again. */
  readonly undo?: Steps;
  /** Why this one is not found yet: it counts in the table, and does not fail the test. */
  readonly open?: string;
}
