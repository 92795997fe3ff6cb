/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A control connection of FTP is there as long as a data connection that it has named, as the kernel's (n_control): no packet of it comes while a large
 * file is carried. The timer that sweeps the data connections moves its end, in the table of exact services. */
#ifndef WEIR_FTP_HOLD_H
#define WEIR_FTP_HOLD_H

#ifdef IPV6
static __always_inline bool exact_slot_is_of_client(struct conn_slot *s) { return slot_has_client(s); }
#else
static __always_inline bool exact_slot_is_of_client(struct conn_slot *s) { return true; } /* the key has its address */
#endif

struct ftp_hold {
  __u64 key;  /* of the control connection, */
  __u32 dest; /* and its destination: its client's port may have begun another one */
  __u32 now;
  __u32 before; /* one that ends before then is held */
  __u32 until;
};
enum ftp_held { FTP_HELD_FURTHER, FTP_HELD_NOT, FTP_HELD_LONGER };

static __always_inline enum ftp_held exact_slot_hold(struct conn_slot *s, struct ftp_hold *hold) {
  __u64 v = READ(s->value);
  if (!v_live(v, hold->now) || v_dest(v) != hold->dest || !exact_slot_is_of_client(s) || READ(s->key) != hold->key) return FTP_HELD_FURTHER;
  if ((__s32)((__u32)v - hold->before) >= 0) return FTP_HELD_NOT;
  /* One that a packet changes meanwhile is looked at in the next round. */
  return CAS(&s->value, v, v >> 32 << 32 | hold->until) == v ? FTP_HELD_LONGER : FTP_HELD_NOT;
}

/* A bucket from the home of the key on. A global function, so that it is verified once. */
__noinline int exact_bucket_hold(__u32 bucket, struct ftp_hold *hold) {
  __u32 i = bucket & conn_mask; /* both tables have one size */
  exact_bucket *b = bpf_map_lookup_elem(&conns_exact, &i);
  if (!b || !hold) return FTP_HELD_NOT;
  CHECKED(b);
#pragma clang loop unroll(full)
  for (int k = 0; k < BUCKET_SLOTS; k++) {
    enum ftp_held held = exact_slot_hold(&b->slot[k], hold);
    if (held != FTP_HELD_FURTHER) return held;
  }
  return READ(b->slot[0].value) & V_SPILLED ? FTP_HELD_FURTHER : FTP_HELD_NOT;
}

static __always_inline enum ftp_held exact_hold(struct ftp_hold *hold) {
  __u32 home = home_of(hold->key);
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < PROBE_BUCKETS; n++) {
    int held = exact_bucket_hold(home + n, hold);
    if (held != FTP_HELD_FURTHER) return held;
  }
  return FTP_HELD_NOT;
}

/* What the helper knows of it stays, too. */
static __always_inline void ftp_stream_hold(struct ftp_key *key, __u32 until) {
  struct ftp_stream *s = bpf_map_lookup_elem(&ftp_streams, key);
  if (s) WRITE(s->until, until);
  struct ftp_command *c = bpf_map_lookup_elem(&ftp_commands, key);
  if (c) WRITE(c->until, until);
}

static __always_inline void ftp_key_of_slot(struct ftp_key *key, struct conn_slot *s, struct service *svc) {
#ifdef IPV6
  address_copy(key->caddr, slot_client(s));
  address_copy(key->vaddr, svc->addr);
#else
  key->caddr[0] = (__u32)READ(s->key);
  key->vaddr[0] = svc->addr[0];
#endif
}

/* The sweep has met a living connection that the control connection of a client's port has named. */
static __noinline int ftp_hold(struct conn_slot *s, __u64 v, __u32 control, __u32 now) {
  struct conf *c = the_conf();
  if (!s || !c) return 0;
  __u64 key = READ(s->key);
  __u32 service = key >> K_SERVICE_SHIFT;
  struct service *svc = service_at(service);
  if (!svc) return 0;
  struct ftp_hold hold = {.key = conn_key((__u32)key, control, service),
                          .dest = v_dest(v),
                          .now = now,
                          .before = now + units_of(c, FTP_HELD_BEFORE_SECONDS),
                          .until = now + units_of(c, FTP_HELD_SECONDS)};
  note_client_of(s);
  if (exact_hold(&hold) != FTP_HELD_LONGER) return 0;
  struct ftp_key stream = {.cport = control, .vport = svc->port, .service = service};
  ftp_key_of_slot(&stream, s, svc);
  ftp_stream_hold(&stream, hold.until);
  return 0;
}

#endif
