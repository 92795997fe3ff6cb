/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The data connections that a control connection of FTP has named, in the wide build's table: made in state LISTEN, as in the kernel's IPVS. Of a passive
 * one the client's port is not known yet (the kernel's NO_CPORT): its slot has port 0 there until the client's SYN comes. */
#ifndef WEIR_FTP_EXPECT_H
#define WEIR_FTP_EXPECT_H

#define NO_CLIENT_PORT 0

/* Puts a connection with this key and destination, in state LISTEN, and with the scratch space's tuple, into the table, under the lock of the key. One that
 * is there gives way. 0, or the reason why not. */
static __always_inline int ftp_put_locked(__u64 key, __u32 dest, __u32 home, struct conf *c) {
  struct scratch *scratch = the_scratch();
  struct dest *d = dest_at(dest);
  __u32 now = clock_now();
  WIDE_PORTS *t = tuple_ports();
  if (!scratch || !d || !t) return R_REDIRECT_FAILED;
  struct probe *r = &scratch->probe;
  __u16 dport = t->dport, control = t->control;
  r->udp = r->again = false;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 4; i++) {
    struct found f;
    conn_look(r, home, key, now);
    if (r->holder != NOWHERE) {
      struct conn_slot *s = slot_at(r->holder);
      if (!s) return R_REDIRECT_FAILED;
      if (slot_holds(s, number_is_old(r->holder), key, now, &f)) conn_end(s, number_is_old(r->holder), f.value, now);
      continue;
    }
    if (r->free == NOWHERE && r->evict == NOWHERE) return R_TABLE_FULL;
    __u32 number = slot_take_quickly(r, home, now);
    if (number == NOWHERE) continue;
    __u64 value = (__u64)dest << V_DEST_SHIFT | (__u64)M_MASQ << V_METHOD_SHIFT;
    value = v_moved(value, S_LISTEN, now + state_timeout(c, S_LISTEN));
    __sync_fetch_and_add(&d->inactive, 1);
    overload_begin(d);
    WRITE(t->dport, dport); /* of one that gave way they may be others */
    WRITE(t->control, control);
    slot_fill(number, home, key, value);
    bucket_changed(number / BUCKET_SLOTS);
    return 0;
  }
  return R_BUSY;
}

/* A global function: verified once. */
__noinline int ftp_put(__u64 key, __u32 dest) {
  struct conf *c = the_conf();
  if (!c) return R_REDIRECT_FAILED;
  __u32 hash = conn_hash(key);
  if (!key_lock(key, hash)) return R_BUSY;
  int done = ftp_put_locked(key, dest, home_to_fill(key, hash), c);
  key_unlock(key, hash);
  return done;
}

/* The client of a packet, `out`: of the server's, and the tuple of its connection with these ports go into the scratch space. */
static __always_inline void ftp_tuple(struct packet *p, bool out, struct service *s, __u32 vport, __u32 dport) {
#ifdef IPV6
  note_client(out ? p->daddr6 : p->saddr6);
  note_tuple6(s->addr, bpf_htons(vport), IPPROTO_TCP);
#else
  note_tuple(s->addr[0], bpf_htons(vport), IPPROTO_TCP);
#endif
  WIDE_PORTS *t = tuple_ports();
  if (t) WRITE(t->dport, bpf_htons(dport));
}

/* The same of a data connection, which the control connection of the packet names. */
static __always_inline void ftp_data_tuple(struct ftp_text *text, struct packet *p, struct service *s, __u32 vport, __u32 dport) {
  ftp_tuple(p, text->out, s, vport, dport);
  WIDE_PORTS *t = tuple_ports();
  if (t) WRITE(t->control, text->key.cport);
}

/* Ends the client's expected connection to the virtual endpoint of the packet in the scratch space, for the one that takes its place. Its destination;
 * 0: there is none, or another CPU was faster. */
__noinline __u32 ftp_take(__u32 service) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct found f;
  __u32 now = clock_now();
  note_client_source(p);
  __u64 key = conn_key(p->saddr, NO_CLIENT_PORT, service);
  if (!conn_find(key, now, &f) || v_state(f.value) != S_LISTEN) return 0;
  return found_end(&f, now) ? v_dest(f.value) : 0;
}

/* Gives an expected connection the port of the packet in the scratch space, unless the packet has a connection. A global function: verified once. */
__noinline int ftp_claim(void) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (!p->sport) return 0;
  note_client_source(p);
  if (conn_service(p->saddr, p->sport)) return 0;
  __u32 service = conn_service(p->saddr, NO_CLIENT_PORT);
  __u32 dest = service ? ftp_take(service) : 0;
  int failed = dest ? ftp_put(conn_key(p->saddr, p->sport, service), dest) : 0;
  if (failed) count_reason(failed);
  return 0;
}

#endif
