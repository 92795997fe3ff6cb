/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Services of all ports and of firewall marks, of both families: which ports they serve, and those of a connection, which are beside its slot
 * (conn-wide.h, conn-wide6.h). */
#ifndef WEIR_CONN_PORTS_H
#define WEIR_CONN_PORTS_H

#define ALL_PORTS true
/* Is it on weir's own device, where a route leads packets with a mark? Elsewhere a packet is where it came in. */
static __always_inline bool is_on_pair(struct __sk_buff *skb) { return skb->ifindex != skb->ingress_ifindex; }

/* In the kernel's IPVS a service of all ports needs persistence: without, it serves port 0. One of a mark serves what has the mark. */
static __always_inline bool serves_port(struct service *svc, struct packet *p) { return svc->mark || svc->flags & SVC_PERSISTENT || !p->dport; }

/* A slot names its destination before and after what is beside it is read. */
static __always_inline bool slot_is_same(struct conn_slot *s, bool old, __u64 value) { return v_dest(slot_value(s, old)) == v_dest(value); }

/* A destination was chosen. As in IPVS its port counts for a mark without persistence, and not where it is 0. */
static __always_inline void note_server(__u32 service, struct dest *d) {
  struct service *svc = service_at(service);
  if (!svc || !svc->mark || svc->flags & SVC_PERSISTENT || !d->port) return;
  WIDE_PORTS *t = tuple_ports();
  if (t) WRITE(t->dport, d->port);
}

/* The connection that was found leaves the table for a new one of its endpoints, whose server's port is not that of the old one. */
static __always_inline void note_replaced(void) {
  WIDE_PORTS *t = tuple_ports();
  if (t) WRITE(t->dport, READ(t->vport));
}

/* None was chosen, and the packet goes on to its own address. */
static __always_inline void note_no_server(void) {
  WIDE_PORTS *t = tuple_ports();
  if (t) WRITE(t->dport, 0);
}

/* FULLNAT: the virtual endpoint of the flow that a reply came back from. */
static __always_inline void note_flow_tuple(__u8 protocol) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return;
  CHECKED(work);
#ifdef IPV6
  note_tuple6(work->vaddr, work->vport, protocol);
#else
  note_tuple(work->vaddr[0], work->vport, protocol);
#endif
}

/* The virtual port of the connection that was found or made. */
static __always_inline __u16 virtual_port(struct service *s) {
  WIDE_PORTS *t = tuple_ports();
  return t ? t->vport : 0;
}
static __always_inline __u16 server_port(struct dest *d) {
  WIDE_PORTS *t = tuple_ports();
  return t ? t->dport : 0;
}

#endif
