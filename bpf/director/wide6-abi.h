/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the wide build of IPv6 (wide6.bpf.c) and user space agree on besides abi6.h: IPv6 services of all ports and of
 * firewall marks, and the table of their connections. */
#ifndef WEIR_WIDE6_ABI_H
#define WEIR_WIDE6_ABI_H

/* The places of wide6_tc, where packets of IPv6 go on that concern no exact service: as those of wide_tc. */
enum wide6_program { WIDE6_INGRESS, WIDE6_EGRESS, WIDE6_KNOWN, WIDE6_MARK, WIDE6_FTP, WIDE6_PROGRAMS };

/* ---- endpoints, besides those of abi.h: as those of wide-abi.h, with a hash of the address; of a mark with the mark itself */
enum wide6_endpoint_kind { E_SERVICE_ALL6 = 16, E_REAL_ALL6, E_SERVICE_MARK6 };

/* ---- connections: slots as in abi.h. What neither the key nor the service has is in the bucket's other lines, each time at the slot's place:
 * the client's address, the virtual one, and the rest. The CPU that has claimed a slot writes it before the key. A reader takes key, value,
 * this, value, key. */
struct wide6_rest {
  __u16 vport; /* network order, as the other port */
  __u8 protocol;
  __u8 reserved8; /* so far, with both addresses, a connection is identified */
  __u16 dport;    /* the server's */
  __u16 control;  /* of FTP's data: the port of the control connection's client; 0: it is none */
  __u32 reserved[2];
};
struct wide6_bucket {
  struct conn_slot slot[BUCKET_SLOTS];
  __u32 client[4 * BUCKET_SLOTS]; /* network order */
  __u32 vaddr[4 * BUCKET_SLOTS];
  struct wide6_rest rest[BUCKET_SLOTS];
};

/* Virtual address and ports of the connection that is searched, made or found: in the scratch space. */
struct wide6_tuple {
  __u32 vaddr[4];
  struct wide6_rest rest;
};

#endif
