/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: what the first bytes of a connection ask for, as a program for test runs alone. The packet is the protocol (a byte), zeros up to
 * READ_AT, and the bytes; the host and the path are stored in it, and 1 is returned where they are decided. */
#ifndef WEIR_SWITCH_READ_H
#define WEIR_SWITCH_READ_H

#define READ_AT 256

SEC("xdp")
int weir_switch_read(struct xdp_md *ctx) {
  struct switch_scratch *w = the_switch();
  __u32 whole = bpf_xdp_get_buff_len(ctx), size = whole - READ_AT;
  __u8 protocol;
  if (!w || whole <= READ_AT || size > SWITCH_HELD || bpf_xdp_load_bytes(ctx, 0, &protocol, 1)) return -1;
  CHECKED(w);
  __builtin_memset(&w->host, 0, sizeof w->host);
  __builtin_memset(&w->path, 0, sizeof w->path);
  barrier_var(size);
  size = ((size - 1) & (SWITCH_TEXT - 1)) + 1; /* no change */
  if (size > SWITCH_HELD || bpf_xdp_load_bytes(ctx, READ_AT, w->text, size)) return -1;
  int decided = protocol == SWITCH_TLS ? text_of_tls(size) : text_of_http(size);
  if (bpf_xdp_store_bytes(ctx, 0, w->host.name, SWITCH_NAME)) return -1;
  if (bpf_xdp_store_bytes(ctx, SWITCH_NAME, w->path.path, SWITCH_PATH)) return -1;
  return decided;
}

#endif
