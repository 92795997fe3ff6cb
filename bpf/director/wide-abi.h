/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the wide build (wide.bpf.c) and user space agree on besides abi.h: services of all ports and of firewall marks, and the table of their
 * connections. */
#ifndef WEIR_WIDE_ABI_H
#define WEIR_WIDE_ABI_H

/* The places of wide_tc, where packets go on that concern no exact service: WIDE_KNOWN if an exact service has no connection for them,
 * WIDE_MARK on weir's own device, where a route leads packets with the mark of a service; WIDE_FTP: the helper for FTP. */
enum wide_program { WIDE_INGRESS, WIDE_EGRESS, WIDE_KNOWN, WIDE_MARK, WIDE_FTP, WIDE_PROGRAMS };

/* ---- endpoints, besides those of abi.h: of a service of all ports, with port 0; of a masqueraded destination of one, with port and protocol 0;
 * of a service of a mark, with the mark as the address, without port and protocol. */
enum wide_endpoint_kind { E_SERVICE_ALL = 5, E_REAL_ALL, E_SERVICE_MARK };

/* Record 0 of the services is none's: its `mark` has the bit of each family that there was a service of a mark of; for SCTP a bit of its own, since
 * a build before this one had no SCTP there. */
enum marks_of { MARKS_INET = 1, MARKS_INET6 = 2, MARKS_SCTP = 4, MARKS_SCTP6 = 8 };

/* Of an exact service's flags, two bits: its packets may have connections in a wide table (asks-wide.h). Both are set with the service, or by who makes
 * such a connection. The timer of that table counts them down by one with each round that meets none. Record 0 has them while a service has. */
#define SVC_ASKS_WIDE 0x6000
#define SVC_ASKS_WIDE_ROUND 0x2000

/* ---- connections: slots as in abi.h. What the service does not have is in the bucket's second line; one of a mark has neither address nor port.
 * The CPU that has claimed a slot writes it before the key. A reader takes key, value, this, value, key: connections of one client's port may
 * follow each other with the same key. */
struct wide_tuple {
  __u32 vaddr; /* network order, as all of these */
  __u16 vport;
  __u8 protocol;
  __u8 reserved8; /* so far a connection is identified by */
  __u16 dport;    /* the server's */
  __u16 control;  /* of FTP's data: the port of the control connection's client; 0: it is none */
  __u32 reserved;
};
struct wide_bucket {
  struct conn_slot slot[BUCKET_SLOTS];
  struct wide_tuple tuple[BUCKET_SLOTS];
};

#endif
