// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Questions to the kernel's FIB for user space (weir explain): the same helper gives the same answers as to the datapath. It is run by
 * BPF_PROG_TEST_RUN alone, on a frame that has the question behind its Ethernet header, and puts the answer in its place. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct fib_question {
  struct bpf_fib_lookup fib;
  __u32 flags; /* in: BPF_FIB_LOOKUP_ */
  __s32 code;  /* out: what the helper returned */
};
#define QUESTION_AT 16

SEC("tc")
int weir_fib(struct __sk_buff *skb) {
  struct fib_question q;
  if (bpf_skb_load_bytes(skb, QUESTION_AT, &q, sizeof q)) return 1;
  q.code = bpf_fib_lookup(skb, &q.fib, sizeof q.fib, q.flags);
  return bpf_skb_store_bytes(skb, QUESTION_AT, &q, sizeof q, 0) ? 1 : 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
