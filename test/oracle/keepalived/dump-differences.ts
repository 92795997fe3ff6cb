// Differences between weir's dump files and keepalived's, with reasons.

/** Values that depend on the moment, or on what was received by then. */
export const OTHER_VALUES = {
  json: [
    'last_transition',
    'master_priority',
    'wantstate',
    // The recorded run does not count the weight of an interface that is up at start; the first change of the interface adds it.
    'effective_priority',
  ],
  data: /^( {3}(?:Last transition|Read timeout|Effective priority|Total priority|Master down timer) =) .*/,
} as const;

/** Lines of keepalived that weir does not write. */
export const LEFT_OUT: readonly RegExp[] = [
  // Parts that weir does not have: SNMP, D-Bus, libnftnl, netlink sockets of the checker.
  /^ (?:SNMP|DBus|libnftnl|lvs_netlink_)/,
  // weir stores a name: the number is looked up when a script is run.
  /^ Default script uid:gid/,
  // Another line of weir has it, or weir has no such thing.
  /^ no_checker_emails/,
  /^ {3}(?:fd_in|Fork delay timer|Terminate delay timer)/,
  /^ fd_in/,
  // For a master that was never seen, keepalived prints uninitialised memory.
  /^ {3}Master (?:router|priority|advert int) =/,
  // Interfaces: properties of keepalived's internal bookkeeping.
  /^ {3}(?:MAC broadcast|Seen up|Delayed state|Up debounce|Down debounce|NIC netlink|Reset |Original |Not IPv6 forwarding)/,
];

/** Lines of weir that keepalived does not write. */
export const OWN_LINES: readonly RegExp[] = [/^ Default script user/];
