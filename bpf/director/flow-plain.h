/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Replies by FULLNAT of which nothing but both ends changes. Of both families; XDP and tc. */
#ifndef WEIR_FLOW_PLAIN_H
#define WEIR_FLOW_PLAIN_H

#include "fullnat-family.h"

#define PLAIN_FLAGS (D_AVAILABLE | D_POLICED_BACK | D_FTP | D_FULLNAT | D_WATCHED)

/* The destination of a reply that came by the interface `from`, of a flow whose word and destination were read before its client was. 0: the flow is
 * another's by now, its client is reported to the server, or more than that is to be done. */
static __always_inline struct dest *flow_plain_dest(struct packet *p, struct fullnat_flow *f, __u32 word, __u32 dest, __u32 from) {
  struct dest *d = dest_at(dest);
  if (word >> FLOW_STATE_SHIFT != FLOW_LIVE || READ(f->word) != word || READ(f->how) || !d) return 0;
  CHECKED(d);
  if (!words_equal(source_of(p), d->addr) || d->port != p->sport || d->protocol != p->protocol) return 0;
  if ((d->flags & PLAIN_FLAGS) != (D_AVAILABLE | D_FULLNAT) || READ(d->hop.ifindex) != from) return 0;
  return d;
}

#endif
