/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: a client of FTP names its endpoint, to which its server is to connect. That sees no clients: the data connection, which the helper (ftp.h) has made,
 * gets its flow here, and the helper gets the local endpoint. */
#ifndef WEIR_FULLNAT_FTP_H
#define WEIR_FULLNAT_FTP_H

#ifdef IPV6
#define FTP_TAKEN_PLACE FTP_TAKEN6
#else
#define FTP_TAKEN_PLACE FTP_TAKEN
#endif

/* The data connection, from the server's port below its own to the client's port that the work has; and the flow that it gets. 0, or the reason to drop
 * the packet: then the client sends it again. */
static __always_inline int ftp_flow(struct __sk_buff *skb, struct conf *c, struct scratch *scratch, struct fullnat_work *work) {
  struct packet *p = &scratch->packet;
  struct fullnat_work *data = &scratch->data_work;
  struct dest *d = dest_at(work->dest);
  __u16 port = bpf_htons(work->vport);
  work->vport = 0;
  if (!d || !fullnat_read(skb, p)) return R_SHORT;
  CHECKED(d);
  work->report = 0;
  flow_find(p, work);
  if (work->report) return 0; /* its numbers are shifted for another reason: it began before the destination had the helper */
  __builtin_memset(data, 0, sizeof *data);
  data->dest = work->dest;
  data->until = clock_now() + state_timeout(c, S_LISTEN);
  data->state = flow_value((__u64)S_LISTEN << V_STATE_SHIFT);
  data->server_port = bpf_htons(bpf_ntohs(d->port) - 1);
  data->wide = true;
  p->sport = port;
  p->dport = bpf_htons(bpf_ntohs(p->dport) - 1);
  int found = flow_find(p, data);
  if (found == FLOW_NONE) found = flow_make(skb, p, data);
  struct fullnat_pool *pool = found == FLOW_FOUND ? pool_at(data->pool) : 0;
  if (!pool) return found == FLOW_GONE ? R_BUSY : R_NO_LOCAL_PORT;
  words_copy(work->local, pool->local);
  work->vport = data->port;
  return 0;
}

SEC("tc")
int weir_fullnat_ftp(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!c || !scratch || !work) return TC_ACT_SHOT;
  CHECKED(scratch);
  CHECKED(work);
  int failed = ftp_flow(skb, c, scratch, work);
  if (failed) return tc_drop(failed);
  bpf_tail_call_static(skb, &fullnat_ftp, FTP_TAKEN_PLACE);
  return tc_drop(R_REDIRECT_FAILED);
}

#endif
