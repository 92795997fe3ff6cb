/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client's network of an IPv6 template, beside its slot. It is in the scratch space before a template is searched or made. */
#ifndef WEIR_TEMPLATE6_H
#define WEIR_TEMPLATE6_H

/* The first bits of 64, so many of them, in network order. */
static __always_inline __u64 first_bits(__u32 bits) { return bpf_cpu_to_be64(bits < 64 ? ~(~0ull >> bits) : ~0ull); }

/* Makes the scratch space's network of its client, by the length of a prefix. Returns its hash. A global function: verified once. */
__noinline __u32 network_of_client(__u32 prefix) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return 0;
  __u64 high = first_bits(prefix), low = prefix > 64 ? first_bits(prefix - 64) : 0;
  whole->network[0] = whole->client[0] & (__u32)high;
  whole->network[1] = whole->client[1] & high >> 32;
  whole->network[2] = whole->client[2] & (__u32)low;
  whole->network[3] = whole->client[3] & low >> 32;
  return address_hash(whole->network);
}

static __always_inline __u64 template_key(__u64 persistence, __u32 service, __u32 caddr) {
  asm volatile("" : : "r"(caddr)); /* as in fib_ask() */
  return conn_key(network_of_client(persistence >> PERSISTENCE_MASK_SHIFT), 0, service);
}

static __always_inline __u32 *template_client(struct template *t) { return ((struct template6 *)t)->client; }

static __always_inline bool template_is_of_client(struct template *t) {
  struct whole_addresses *whole = the_whole();
  return whole && shared_address_is(template_client(t), whole->network);
}
static __always_inline void template_store_client(struct template *t) {
  struct whole_addresses *whole = the_whole();
  if (whole) shared_address_store(template_client(t), whole->network);
}

#endif
