/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs that give connections of other directors their local ports (apply-flow.h) and user space agree on besides fullnat-abi.h. */
#ifndef WEIR_APPLY_FLOW_ABI_H
#define WEIR_APPLY_FLOW_ABI_H

/* ---- a page of flows of FULLNAT, as apply_page (apply-abi.h) of their connections, which are put into their table between the two runs:
 * FLOW_RESERVE: before its connection is there. The client gets the flow, unless it has one.
 * FLOW_KEEP: its connection is there, as the other director has it. The client gets the flow in the place of another one, unless that had its last packet
 *   later; one that it has lives as long as the connection.
 * FLOW_DROP: its connection has ended, or could not be made: the client's flow ends, whichever it has. */
#define FLOW_RECORDS 256
enum flow_op { FLOW_RESERVE, FLOW_KEEP, FLOW_DROP };
/* FLOW_HAS: the client has a flow, which stays. FLOW_NO_PORT: another client has the port. FLOW_NO_LOCAL: the destination has not this local address. */
enum flow_result { FLOW_UNASKED, FLOW_BUSY, FLOW_MADE, FLOW_HAS, FLOW_DROPPED, FLOW_NO_PORT, FLOW_NO_LOCAL, FLOW_FULL };
struct flow_record {
  __u32 client[4]; /* network order, as the other addresses and the ports */
  __u32 vaddr[4];  /* of `wide`, as the port behind it and the protocol */
  __u32 local[4];
  __u16 port;
  __u16 vport;
  __u16 server_port;
  __u16 local_port;
  __u8 protocol;
  __u8 op;
  __u8 wide; /* its connection is in the table of services of all ports */
  __u8 reserved;
  __u32 dest;
  __u32 until;  /* clock: when the connection expires */
  __u32 state;  /* as in its flow */
  __u32 report; /* as in fullnat_place, as the next */
  __u32 first;
  __u32 answer;
  __u32 reserved2;
};
struct flow_page {
  __u32 count;
  __u32 reserved[21]; /* a record more */
  struct flow_record record[FLOW_RECORDS];
};

#endif
