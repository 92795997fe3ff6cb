/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every scheduler: its number in a service's record, which stays its own, and its name. To add one: a row, and a header NAME.h that
 * schedule.h includes, with
 *   NAME_begin(svc, w)         reads where the scheduler stands in the service's list; false: there is no destination to choose
 *   NAME_step(w)               looks at one more destination; sets w->pick, and w->over when there is nothing more to do
 *   NAME_end(svc, w)           stores where it stands now
 */
#ifndef WEIR_SCHEDULERS_TABLE_H
#define WEIR_SCHEDULERS_TABLE_H

#define SCHEDULERS(X)                                                                                                  \
  X(1, RR, rr)                                                                                                         \
  X(2, WRR, wrr)                                                                                                       \
  X(3, LC, lc)                                                                                                         \
  X(4, WLC, wlc)                                                                                                       \
  X(5, SED, sed)                                                                                                       \
  X(6, NQ, nq)                                                                                                         \
  X(7, FO, fo)                                                                                                         \
  X(8, OVF, ovf)                                                                                                       \
  X(9, DH, dh)                                                                                                         \
  X(10, SH, sh)                                                                                                        \
  X(11, MH, mh)                                                                                                        \
  X(12, TWOS, twos)                                                                                                    \
  X(13, LBLC, lblc)                                                                                                    \
  X(14, LBLCR, lblcr)

#endif
