/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Does a packet concern a service of any build? Of both families, behind their endpoint headers. */
#ifndef WEIR_CONCERN_H
#define WEIR_CONCERN_H

/* Does its endpoint belong to a service, or to a masqueraded server? Only a first fragment has ports. */
static __always_inline bool is_balanced(struct packet *p) { return p->dport && (service_of_target(p) || real_of_source(p)); }

#ifndef SIDE
/* May it be a packet of a service? */
static __always_inline bool is_concerned(struct packet *p) {
  return is_balanced(p) || service_of_source(p) || is_wide(p) || has_marks() || has_ftp();
}
#endif

#endif
