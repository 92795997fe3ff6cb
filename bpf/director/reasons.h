/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a packet was dropped, or passed on without balancing; counted by CPU in drops[]. dev/abi-gen.mjs makes the TypeScript of it. New ones
 * come last. */
#ifndef WEIR_REASONS_H
#define WEIR_REASONS_H

#define REASONS(X)                                                                                                     \
  X(NONE, none, "")                                                                                                    \
  X(SHORT, short, "cut short: headers do not fit the packet")                                                          \
  X(BAD_LENGTH, bad_length, "lengths in the headers disagree with the packet")                                         \
  X(BAD_CHECKSUM, bad_checksum, "wrong IP header checksum, passed to the stack, which drops it")                       \
  X(FRAGMENT, fragment, "a fragment that is not balanced: too short for its headers or a PROXY header, or too long to be held back") \
  X(NO_CONNECTION, no_connection, "TCP or SCTP without a connection and not its first packet, passed to the stack")      \
  X(NO_DESTINATION, no_destination, "no destination is left for a new connection")                                     \
  X(DEAD_DESTINATION, dead_destination, "the connection's destination or service was removed")                                    \
  X(TABLE_FULL, table_full, "the connection table is full")                                                            \
  X(HALF_OPEN_REPLACED, half_open_replaced, "a half-open or UDP connection was replaced by a new one")                 \
  X(BUSY, busy, "the bucket's lock could not be taken in time, or another CPU ended the packet's connection")               \
  X(NO_ROUTE, no_route, "no route to the next hop")                                                                    \
  X(TTL, ttl, "time to live exceeded")                                                                                 \
  X(TOO_BIG, too_big, "larger than the next hop's MTU")                                                                \
  X(ICMP_LIMITED, icmp_limited, "an ICMP error was not sent because of the rate limit")                                \
  X(MARTIAN, martian, "source address that cannot be answered, a service's own, or (UDP) the director's own")          \
  X(REDIRECT_FAILED, redirect_failed, "the packet could not be rewritten or sent")                                     \
  X(FTP_DATA, ftp_data, "source port 20 is never scheduled, passed to the stack")                                      \
  X(NOT_LOCAL, not_local, "a new connection to a service whose address is not on this host, passed to the stack")      \
  X(ICMP_CHECKSUM, icmp_checksum, "an ICMP error about a connection, with a wrong checksum")                           \
  X(CLOSED_REPLACED, closed_replaced, "a connection that is closed, or being closed, was replaced by a new one")       \
  X(IDLE_REPLACED, idle_replaced, "an idle connection was replaced by a new one")                                      \
  X(DROP_PACKET, drop_packet, "a new connection that drop_packet, a defence against floods, did not let in")           \
  X(DROP_ENTRY, drop_entry, "a connection that drop_entry, a defence against floods, ended")                           \
  X(NAT_ICMP, nat_icmp_send, "a packet of a masqueraded server without a connection (nat_icmp_send)")                  \
  X(REVERSE_PATH, reverse_path, "a new connection that the interface's rp_filter forbids, passed to the stack, which drops it") \
  X(REPLY_SIDE, reply_side, "a reply by an interface that does not lead to its server, passed to the stack")                          \
  X(TEMPLATE_REPLACED, template_replaced, "a client's persistence ended early, to make room for another client's") \
  X(NO_CALL_ID, no_call_id, "a new connection of a service with --pe sip that is no SIP message with a Call-ID") \
  X(CALL_NOT_STORED, call_not_stored, "a SIP call without persistence: the table of calls is full, or there was no memory for it")                        \
  X(FIREWALL, firewall, "a new connection, passed to the host's packet filter first")                                   \
  X(FTP_STREAMS, ftp_streams, "an FTP client's command, since the table of FTP's control connections is full") \
  X(NO_LOCAL_PORT, no_local_port, "a new connection by FULLNAT that found no free port of a local address")       \
  X(SYN_DATA, syn_data, "data of a SYN for a server that gets a header of the PROXY protocol: left out, its client sends them again") \
  X(LOCAL_PORT_REPLACED, local_port_replaced, "a connection by FULLNAT that is half open, closed or not proven gave its local port to a new one") \
  X(FRAGMENT_HELD, fragment_held, "a fragment, held back until the first one comes (SCTP to another port: until all have)") \
  X(FRAGMENT_LOST, fragment_lost, "a fragment that was held back, and for which the others did not come in time") \
  X(FRAGMENT_DROPPED, fragment_dropped, "a later fragment of a packet whose first one was dropped") \
  X(GRACE, grace, "TCP or SCTP of a connection that is not known here, dropped in the grace period after a takeover") \
  X(HELD, held, "the first packet of a new connection, held back until a peer has the connection")                      \
  X(HOLD_FULL, hold_full, "a new connection that was not held back, and went on: too many were")                        \
  X(HOLD_UNFIT, hold_unfit, "a new connection that was not held back, and went on: such packets cannot be")             \
  X(HOLD_LATE, hold_late, "a new connection that was not held back, and went on: the process of the stream did not renew in time")

#define REASON_ENUM(name, key, text) R_##name,
enum reason { REASONS(REASON_ENUM) REASON_COUNT };

#endif
