/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: packets of masqueraded control connections of FTP go on to the helper (ftp.h), in both families. */
#ifndef WEIR_FTP_ENTER_H
#define WEIR_FTP_ENTER_H

/* The packet goes on to the helper for FTP (ftp.h), which sends it. `how`: as ftp-abi.h has it. */
#ifdef SIDE
static __always_inline bool is_helped(struct verdict *v) { return false; }
#else
static __always_inline bool is_helped(struct verdict *v) {
  if (likely(!(v->d->flags & D_FTP)) || (v->d->flags & (D_FULLNAT | D_FTP_FULLNAT)) == D_FULLNAT) return false;
  return v_method(v->f.value) == M_MASQ && !v->p->fragment;
}
#endif

/* The packet in the scratch space may be the first one of a data connection that the helper expects, which then gets its client's port. */
#ifdef HELPS_FTP
__noinline int ftp_claim(void); /* ftp-expect.h */
static __always_inline void ftp_expected(struct packet *p) {
  if (unlikely(has_ftp()) && p->protocol == IPPROTO_TCP && (p->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN) ftp_claim();
}
#else
static __always_inline void ftp_expected(struct packet *p) {}
#endif

/* What the helper gets to know of the connection by its value before the packet. A global function: verified once. */
__noinline int ftp_how(bool begins, __u64 value) {
  int how = begins ? FTP_BEGINS : 0;
  if (v_state(value) != STATE_ESTABLISHED) return how;
  return how | (value & V_PROVEN ? FTP_ESTABLISHED | FTP_PROVEN : FTP_ESTABLISHED);
}

static __always_inline int tc_to_ftp(struct __sk_buff *skb, struct verdict *v, __u32 how) {
  struct conn_slot *s = v->known ? ref_slot(v->f.slot) : 0;
  skb->cb[0] = v->dest;
  skb->cb[1] = how | ftp_how(!v->known, v->f.value);
  skb->cb[2] = s ? slot_value(s, ref_is_old(v->f.slot)) : v->f.value;
  return TC_FTP;
}

#endif
