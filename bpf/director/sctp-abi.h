/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the SCTP build (sctp.bpf.c) and user space agree on besides abi.h. The records of its maps, conns_sctp and timer_sctp, are those of
 * abi.h. */
#ifndef WEIR_SCTP_ABI_H
#define WEIR_SCTP_ABI_H

/* The places of sctp_tc, where packets of SCTP go on, and ICMP errors about such packets. */
enum sctp_program { SCTP_INGRESS, SCTP_EGRESS, SCTP_PROGRAMS };

/* The kernel's connection states (numbered as in ip_vs.h), in the place of TCP's. */
enum sctp_state {
  SCTP_NONE, SCTP_INIT1, SCTP_INIT, SCTP_COOKIE_SENT, SCTP_COOKIE_REPLIED, SCTP_COOKIE_WAIT, SCTP_COOKIE, SCTP_COOKIE_ECHOED,
  SCTP_ESTABLISHED, SCTP_SHUTDOWN_SENT, SCTP_SHUTDOWN_RECEIVED, SCTP_SHUTDOWN_ACK_SENT, SCTP_REJECTED, SCTP_CLOSED,
};

#endif
