/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The persistence engine for SIP (--pe sip), for programs and user space: its templates are those of template-abi.h, one for each call of a
 * client's network. */
#ifndef WEIR_CALL_ABI_H
#define WEIR_CALL_ABI_H

/* Of a service's flags. */
#define SVC_SIP 0x400
#define SVC_SIP_IDLE 0x40 /* --pe sip without persistence: no packet goes by it */

/* ---- calls: what a template has besides its slot, by the number of that slot and the family of its table. Written by packets, removed by the
 * timer, and by a packet that gives the slot to another template. Rules:
 *  - a template is one of a call where its key has a port that is not 0: bits of a keyed hash of the Call-ID. The whole Call-ID decides;
 *  - a call is stored and removed only while its slot is claimed, so that a reader who finds the slot's value unchanged afterwards has read
 *    what belongs to it;
 *  - `conn` has the keys of the connections that the call began last, in turn. The timer looks for them when the template has expired. Adding 1 to
 *    `begun` gives a CPU its place, so that no connection takes that of another one which began at the same moment;
 *  - the template may become another call's before its packet has noted the connection: that call then has one more, which can only hold it for
 *    longer. */
#define CALL_ID_MAX 255
#define CALL_ID_WORDS 32
#define CALL_CONNS 4
struct call_place {
  __u32 slot;
  __u32 family;
};
struct call {
  __u32 length; /* of the Call-ID, bytes */
  __u32 begun;  /* connections */
  __u64 conn[CALL_CONNS];
  __u64 id[CALL_ID_WORDS]; /* zeros follow it */
};

#endif
