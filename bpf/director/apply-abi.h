/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs that put connections into a table (apply.h) and user space agree on besides abi.h. */
#ifndef WEIR_APPLY_ABI_H
#define WEIR_APPLY_ABI_H

/* ---- a page of connections that another director has, on their way into a table. Written by user, who alone runs the program on it under the
 * namespace's lock, but for the answers, which are written by the program. */
#define APPLY_RECORDS 512
/* Of a record. APPLY_TEMPLATE: it is a template, of the service's clients in the network of `client`; APPLY_ASSURED: one that leads longest in a full
 * table; APPLY_CALL: of one call, whose Call-ID is at the page's place vaddr[0]. APPLY_LATE: where the client has a connection to another destination, that
 * stays. APPLY_END: the connection ends, if it leads to this destination. APPLY_BITS: a connection that is there gets V_NOOUTPUT and V_PROVEN, too.
 * APPLY_RIVAL: both directors may have its packets, and the one that had the last of them knows better; APPLY_WINS: this one, where that is not known and their
 * destinations or states differ. */
enum apply_flags {
  APPLY_LATE = 1,
  APPLY_END = 2,
  APPLY_BITS = 4,
  APPLY_TEMPLATE = 8,
  APPLY_ASSURED = 16,
  APPLY_RIVAL = 32,
  APPLY_WINS = 64,
  APPLY_CALL = 128
};
/* APPLY_NEWER: what is here had a packet later, and stays. */
enum apply_answer { APPLY_BUSY, APPLY_MADE, APPLY_CHANGED, APPLY_ENDED, APPLY_LEFT, APPLY_FULL, APPLY_GONE, APPLY_NEWER };
struct apply_record {
  __u32 client[4]; /* network order, as the other address and the ports */
  __u32 vaddr[4];  /* of the wide builds, as the two ports behind it */
  __u16 port;
  __u16 vport;
  __u16 dport;
  __u8 protocol;
  __u8 flags;
  __u32 service;
  __u32 dest;
  __u32 state; /* upper half of a value: method, state, V_NOOUTPUT and V_PROVEN; of a template its time after each use, clock units */
  __u32 left;  /* clock units until it expires */
  __u32 answer;
  __u32 slot; /* of APPLY_MADE and APPLY_CHANGED: where it is, and its key there */
  __u64 key;
  __u32 idle;  /* of APPLY_RIVAL: clock units since its last packet */
  __u32 fresh; /* likewise: one that was idle for longer is not made */
};
#define APPLY_CALLS 32
struct apply_call {
  __u32 length; /* of the Call-ID, bytes */
  __u32 reserved;
  __u64 id[CALL_ID_WORDS]; /* zeros follow it */
};
struct apply_page {
  __u32 count;
  __u32 margin; /* of APPLY_RIVAL: last packets that are so close cannot be distinguished, clock units */
  __u32 reserved[18]; /* a record more */
  struct apply_record record[APPLY_RECORDS];
  struct apply_call call[APPLY_CALLS];
};

#endif
