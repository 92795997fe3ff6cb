// Where our dump files differ from keepalived's, and why.

/** Values that depend on the moment, or on what was heard by then. */
export const OTHER_VALUES = {
  json: [
    'last_transition',
    'master_priority',
    'wantstate',
    // The recorded run leaves the weight of an interface that is up at start out; the first change of the link brings it in.
    'effective_priority',
  ],
  data: /^( {3}(?:Last transition|Read timeout|Effective priority|Total priority|Master down timer) =) .*/,
} as const;

/** Lines of keepalived that we have not. */
export const LEFT_OUT: readonly RegExp[] = [
  // Parts that weir has not: SNMP, D-Bus, libnftnl, netlink sockets of the checker.
  /^ (?:SNMP|DBus|libnftnl|lvs_netlink_)/,
  // Ours is by name: the number is looked up when a script is run.
  /^ Default script uid:gid/,
  // Said by another line of ours, or nothing that a program of ours has.
  /^ no_checker_emails/,
  /^ {3}(?:fd_in|Result|Insecure|State = idle|Fork delay timer|Terminate delay timer)/,
  /^ fd_in/,
  // Of a master that was never heard keepalived shows what its memory happened to hold.
  /^ {3}Master (?:router|priority|advert int) =/,
  // Interfaces: what only keepalived's own bookkeeping has.
  /^ {3}(?:MAC broadcast|Seen up|Delayed state|Up debounce|Down debounce|NIC netlink|Reset |Original |Not IPv6 forwarding)/,
];

/** Lines of ours that keepalived has not. */
export const OWN_LINES: readonly RegExp[] = [/^ Default script user/];
