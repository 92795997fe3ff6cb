/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's defences against floods: drop_entry, drop_packet and the automatic values of secure_tcp. What the kernel decides by free memory is
 * decided here by free slots of the connection tables. */
#ifndef WEIR_DEFENCE_H
#define WEIR_DEFENCE_H

#define DEFENCE_TICKS 10    /* a second */
#define DROP_ENTRY_SHARE 32 /* every second the kernel looks at so many-th of the table's buckets */
#define QUOTA_IDLE_SECONDS 60

/* drop_packet: is this new connection dropped? Every so many-th is, counted by CPU. A global function, since it is rarely called. */
__noinline int defence_drops(void) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!c || !scratch) return 0;
  if (scratch->until_drop > 1) {
    scratch->until_drop--;
    return 0;
  }
  scratch->until_drop = READ(c->drop_rate);
  return 1;
}

/* Is it at work? An automatic mode (1, 2) is shown as 2 while it is. */
static __always_inline bool defence_works(__u32 *mode, bool scarce) {
  __u32 m = READ(*mode);
  if (m == 1 && scarce) CAS(mode, 1, 2);
  if (m == 2 && !scarce) CAS(mode, 2, 1);
  return m == 3 || ((m == 1 || m == 2) && scarce);
}

/* How full this build's table is, in TABLE_PARTS. `used`: connections in a whole round. */
static __always_inline __u32 table_fill(__u64 used) {
  __u64 slots = (__u64)(conn_mask + 1) * BUCKET_SLOTS;
  return TABLE_PARTS - (used >= slots ? 0 : (slots - used) * TABLE_PARTS / slots);
}

#define FULLEST_BITS 3 /* of conf's `fullest`, for the table */
#if defined(IPV6) || defined(SIDE)
#if defined(IPV6)
#define FAMILY_TABLE 1
#else
#define FAMILY_TABLE 0
#endif
#define THIS_TABLE (FAMILY_TABLE | ALL_PORTS << 1 | OF_SCTP << 2)
/* The timer of a table beside `conns` has swept the whole of it: it enters how full the table is, where the entry is its own or less full. When the
 * fullest one empties, the entry of the next one comes with the end of that one's round. */
static __always_inline void fullest_update(struct conf *c, __u32 used) {
  __u32 was = READ(c->fullest), fill = table_fill(used);
  if ((was & ((1 << FULLEST_BITS) - 1)) == THIS_TABLE || fill > was >> FULLEST_BITS) CAS(&c->fullest, was, fill << FULLEST_BITS | THIS_TABLE);
}
#endif

/* The fullest of all tables decides. */
static __always_inline void defence_update(struct conf *c, struct housekeeping *h) {
  __u32 fill = table_fill(h->used), elsewhere = READ(c->fullest) >> FULLEST_BITS;
  __u32 available = TABLE_PARTS - (elsewhere > fill ? elsewhere : fill);
  __u32 threshold = READ(c->amemthresh), rate = 0;
  bool scarce = available < threshold;
  h->drop_entry = defence_works(&c->drop_entry, scarce);
  defence_works(&c->secure_tcp, scarce);
  if (defence_works(&c->drop_packet, scarce)) rate = READ(c->drop_packet) == 3 ? READ(c->am_droprate) : threshold / (threshold - available);
  WRITE(c->drop_rate, rate);
}

/* drop_entry: does this connection go? Half-open ones do, and of those that were idle for a minute after very few packets a share: the
 * kernel ends every n-th of those with n packets. Here what is not V_PROVEN has few: TCP two (SYN, ACK), UDP one. */
static __always_inline bool defence_ends(struct conf *c, struct housekeeping *h, __u64 v, __u32 now) {
  __u32 state = v_state(v);
  if (FORGED_STATES & 1u << state) return true;
  if (v & V_PROVEN || !(PROVEN_STATES & 1u << state)) return false;
  __s32 idle = (__s32)(timeout_of(c, state) - ((__u32)v - now));
  if (idle < (__s32)(c->hz >> CLOCK_SHIFT) * QUOTA_IDLE_SECONDS) return false;
  return state == S_UDP || ++h->spared % 2 == 0;
}

#endif
