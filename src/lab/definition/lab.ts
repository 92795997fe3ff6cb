// A lab: hosts on switches, then steps with expectations. Plain data with the same shape as a lab's JSON file.

/** One network interface: a veth pair from the host to a switch. Addresses as `ADDR/LEN`. */
export interface LabInterface {
  readonly switch: string;
  readonly addresses?: readonly string[];
}

export interface LabRoute {
  /** `default` or `ADDR/LEN`. */
  readonly to: string;
  readonly via?: string;
  readonly dev?: string;
}

export const SITE_PROTOCOLS = ['smtp', 'pop3', 'imap', 'ftp', 'chat'] as const;
export type MailProtocol = Exclude<(typeof SITE_PROTOCOLS)[number], 'ftp' | 'chat'>;

/**
 * A web site served by the host itself, or with `protocol` a port of its mail server, an FTP server, or a chat server. `body`: the page, or the greeting and
 * the text of the first mail or of the file; by default `Welcome from HOST`.
 */
export interface LabSite {
  readonly port: number;
  readonly protocol?: (typeof SITE_PROTOCOLS)[number];
  readonly address?: string;
  readonly body?: string;
}

export interface LabHost {
  readonly interfaces: Readonly<Record<string, LabInterface>>;
  /** Runs a director: its table is part of the evidence, and weir is unloaded when the lab is taken down. */
  readonly director?: boolean;
  /** Default gateway. */
  readonly gateway?: string;
  readonly routes?: readonly LabRoute[];
  /** Keys as in sysctl(8), e.g. `net.ipv4.ip_forward`. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
  readonly sites?: readonly LabSite[];
  /** Text files by their names, in a folder of the host's own; its commands run there. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * The expected result of a command. `exit`: its status, 0 by default. `answers`: the output (trimmed) of each
 * repetition, in order. `tally`: the count of each output, in any order. `contains`, `lacks`: texts in the output of every
 * repetition, where a run of blanks equals one blank. `matches`: regular expressions, multi-line. `errors`: texts in its error output.
 */
export interface Expectation {
  readonly exit?: number;
  readonly answers?: readonly string[];
  readonly tally?: Readonly<Record<string, number>>;
  readonly contains?: readonly string[];
  readonly lacks?: readonly string[];
  readonly matches?: readonly string[];
  readonly errors?: readonly string[];
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export const SEEN_PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'arp-request', 'arp-reply', 'neighbour-request', 'neighbour-reply'] as const;

export const TUNNELS = ['ipip', 'gre', 'gue'] as const;

/**
 * A count of packets seen at the switch's ports since the last mark. `at`: host or `host:interface` whose port is meant (absent: all ports).
 * `direction`: `from` or `to` that host. `from`: the host whose interface sent the frame. Addresses and ports are the packet's;
 * for ARP, `source` is the sender's address and `destination` the one asked for. A `neighbour-request` and a `neighbour-reply` are
 * IPv6's solicitation and advertisement, with the address asked for as `destination`, or the one that is answered for as `source`.
 * Of a packet in a tunnel all this is the inner packet's; `tunnel` is the kind (`none`: in no tunnel), `outerSource` and `outerDestination` are the
 * outer packet's addresses. GUE is known by its port, 6080. `mtu`: the size that "fragmentation needed" or "packet too big" names.
 */
export interface TrafficExpectation {
  readonly say?: string;
  readonly at?: string;
  readonly direction?: 'from' | 'to';
  readonly from?: string;
  readonly protocol?: (typeof SEEN_PROTOCOLS)[number];
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** TCP flags that must all be set, of `FSRPA`; e.g. `SA` for the answer to a SYN. */
  readonly flags?: string;
  readonly mtu?: number;
  readonly tunnel?: (typeof TUNNELS)[number] | 'none';
  readonly outerSource?: string;
  readonly outerDestination?: string;
  readonly packets: number | Bounds;
}

/** A command typed on a host, or among the switches (`on`: `sw`; a port is named HOST-INTERFACE there). `seconds`: its timeout (default 30). */
export interface RunStep {
  readonly kind: 'run';
  readonly on: string;
  readonly command: string;
  readonly times?: number;
  readonly seconds?: number;
  readonly say?: string;
  readonly expect?: Expectation;
}

/** A command repeated until its result is as expected, for at most `seconds`. */
export interface WaitStep {
  readonly kind: 'wait';
  readonly on: string;
  readonly command: string;
  readonly seconds: number;
  readonly say?: string;
  readonly expect: Expectation;
}

/** The counts of packets and of served requests start again at 0 here. */
export interface MarkStep {
  readonly kind: 'mark';
  readonly say?: string;
}

export interface TrafficStep {
  readonly kind: 'traffic';
  readonly say?: string;
  readonly expect: readonly TrafficExpectation[];
}

/** Requests, and mails taken or handed out, in the servers' own logs since the last mark, by host; a host `*` is the sum over all hosts. */
export interface ServedStep {
  readonly kind: 'served';
  readonly say?: string;
  readonly expect: Readonly<Record<string, number | Bounds>>;
}

export type Step = RunStep | WaitStep | MarkStep | TrafficStep | ServedStep;

export interface Lab {
  readonly name: string;
  /** One line. */
  readonly title: string;
  readonly switches: readonly string[];
  readonly hosts: Readonly<Record<string, LabHost>>;
  /** Whether packets are captured at the switches' ports (default: yes; no for heavy load). */
  readonly capture?: boolean;
  /** Commands that must be installed, beyond ip(8). */
  readonly needs?: readonly string[];
  readonly steps: readonly Step[];
}
