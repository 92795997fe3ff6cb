/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Templates of calls: call-abi.h has their rules. The Call-ID of the packet is in the scratch space (call-id.h). */
#ifndef WEIR_CALL_H
#define WEIR_CALL_H

#ifdef IPV6
#define TEMPLATE_FAMILY F_INET6
#else
#define TEMPLATE_FAMILY F_INET
#endif

static __always_inline bool is_call_key(__u64 key) { return key >> K_PORT_SHIFT & 0xffff; }

#define CALL_PRIME 4294967291u /* the largest below 2^32: a product of two numbers below it, and one more, are below 2^64 */

static __always_inline __u64 call_mix(__u64 hash, __u32 part) { return (hash * (__u32)hash_key_b + part) % CALL_PRIME; }

/* What stands in the place of the client's port in the key of the call's template: a polynomial in a secret number, whose coefficients are the
 * Call-ID: two Call-IDs have the same value for 64 of 2^32 secrets at most, so that no sender can give many calls the same one. */
__noinline __u32 call_port(void) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 1;
  CHECKED(scratch);
  __u64 hash = scratch->call.length;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < CALL_ID_WORDS; n++) {
    if (n * 8 >= scratch->call.length) break;
    hash = call_mix(call_mix(hash, scratch->call.id[n]), scratch->call.id[n] >> 32);
  }
  hash *= hash_key_c | 1; /* so that no sum of differences is nothing in the bits that are left */
  hash ^= hash >> 32;
  __u32 port = hash * (hash_key_a | 1) >> 48;
  return port ? port : 1;
}

/* Where the call of a template is. It stays valid in the scratch space until the next one is asked for. */
static __always_inline struct call_place *call_place_of(struct scratch *scratch, __u32 slot) {
  scratch->call_place.slot = slot;
  scratch->call_place.family = TEMPLATE_FAMILY;
  return &scratch->call_place;
}
static __always_inline struct call *call_at(struct scratch *scratch, __u32 slot) {
  return bpf_map_lookup_elem(&calls, call_place_of(scratch, slot));
}

/* Is the template in this slot of the packet's call? A global function: verified once. */
__noinline int call_is(__u32 slot) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  struct call *known = call_at(scratch, slot);
  if (!known || known->length != scratch->call.length) return false;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < CALL_ID_WORDS; n++)
    if (known->id[n] != scratch->call.id[n]) return false;
  return true;
}

/* Stores the packet's call beside a slot that is claimed. False: there is no memory for it. */
__noinline int call_store(__u32 slot) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  scratch->call.begun = 0;
  return !bpf_map_update_elem(&calls, call_place_of(scratch, slot), &scratch->call, BPF_ANY);
}

/* Removes it, while the slot is claimed. */
__noinline int call_forget(__u32 slot) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  return bpf_map_delete_elem(&calls, call_place_of(scratch, slot));
}

/* Notes a connection of the call, which holds the template in this slot. */
__noinline int call_begin(__u32 slot, __u64 conn) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  struct call *call = call_at(scratch, slot);
  if (!call) return 0;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < CALL_CONNS; n++)
    if (READ(call->conn[n]) == conn) return 0;
  WRITE(call->conn[__sync_fetch_and_add(&call->begun, 1) & (CALL_CONNS - 1)], conn);
  return 0;
}

#endif
