/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The timer's part of the templates of calls: one that has expired looks for the connections that its call began last. */
#ifndef WEIR_CALL_SWEEP_H
#define WEIR_CALL_SWEEP_H

enum call_conn { CALL_CONN_ENDED, CALL_CONN_LIVES, CALL_CONN_PROVEN };
#define CALL_CONN_FURTHER 4

/* The best connection with this key and destination in a bucket. Of all ports, a client has one to each; which of the clients with the key's hash
 * of an address it has does not matter. | CALL_CONN_FURTHER: there may be more in the next bucket. A global function: verified once. */
__noinline int call_conn_in(__u32 bucket, __u64 key, __u32 dest, __u32 now) {
  struct conn_bucket *b = bucket_at(bucket);
  int best = CALL_CONN_ENDED;
  if (!b) return best;
  CHECKED(b);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < BUCKET_SLOTS; i++) {
    struct conn_slot *s = &b->slot[i & (BUCKET_SLOTS - 1)];
    __u64 v = READ(s->value);
    if (READ(s->key) != key || !v_live(v, now) || v_dest(v) != dest) continue;
    if (v & V_PROVEN) return CALL_CONN_PROVEN;
    best = CALL_CONN_LIVES;
  }
  return READ(b->slot[0].value) & V_SPILLED ? best | CALL_CONN_FURTHER : best;
}

__noinline int call_conn_lives(__u64 key, __u32 dest, __u32 now) {
  __u32 home = conn_hash(key);
  int best = CALL_CONN_ENDED;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < PROBE_BUCKETS; n++) {
    int found = call_conn_in(home + n, key, dest, now);
    if (found == CALL_CONN_PROVEN) return found;
    if (found & CALL_CONN_LIVES) best = CALL_CONN_LIVES;
    if (!(found & CALL_CONN_FURTHER)) break;
  }
  return best;
}

/* What holds the template of a call: the best of its connections. */
__noinline int call_conns_live(__u32 slot, __u32 dest, __u32 now) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return CALL_CONN_ENDED;
  CHECKED(scratch);
  struct call *call = call_at(scratch, slot);
  int best = CALL_CONN_ENDED;
  if (!call) return best;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < CALL_CONNS; n++) {
    __u64 key = READ(call->conn[n]);
    int found = key ? call_conn_lives(key, dest, now) : CALL_CONN_ENDED;
    if (found > best) best = found;
  }
  return best;
}

/* Calls are asked for by so many slots in a second, which bounds the time that it takes: those of a larger table take turns. */
#define CALL_LOOKS_SHIFT 16

/* Assures the template of a call whose client went on. A packet does not do it: its connection does not know the template, which outlives it. */
static __always_inline void call_look(struct conf *c, struct template *t, __u32 number, __u64 v, __u32 now) {
  __u32 turn = now / (units_of(c, 1) | 1);
  if ((number ^ turn) & template_mask >> CALL_LOOKS_SHIFT || !template_is_of_build(t)) return;
  if (call_conns_live(number, t_dest(v), now) == CALL_CONN_PROVEN) CAS(&t->value, v, v | T_ASSURED);
}

/* Held for another while, or removed: first the slot is claimed, so that no packet takes it while its call is removed. */
static __always_inline void call_judge(struct conf *c, struct template *t, __u32 number, __u64 v, __u32 now) {
  int held = call_conns_live(number, t_dest(v), now);
  if (held != CALL_CONN_ENDED) {
    CAS(&t->value, v, template_held(c, v, now) | (held == CALL_CONN_PROVEN ? T_ASSURED : 0));
  } else if (CAS(&t->value, v, T_DEST_MASK << T_DEST_SHIFT) == v) {
    call_forget(number);
    template_count(c, v, -1, now);
    WRITE(t->value, 0);
  }
}

#endif
