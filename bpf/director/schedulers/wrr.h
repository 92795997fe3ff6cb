/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* wrr: the next destination whose weight reaches the current weight, which falls by the gcd at each end of the list. */
#ifndef WEIR_SCHEDULERS_WRR_H
#define WEIR_SCHEDULERS_WRR_H

static __always_inline bool wrr_begin(struct service *svc, struct walk *w) {
  w->place = READ(svc->wrr);
  w->weight = w->place >> WRR_WEIGHT_SHIFT;
  w->max = svc->wrr_max;
  w->gcd = svc->wrr_gcd;
  return w->max;
}

/* After a whole pass that chose no destination: goes on with the weight of the next pass that will, or of the last pass. */
static __always_inline void wrr_skip(struct walk *w) {
  __u32 gcd = w->gcd, above = w->weight - w->heaviest;
  if (!gcd) return;
  w->weight -= (above + gcd - 1) / gcd * gcd;
  if (w->weight <= 0) w->weight += gcd;
}

static __always_inline void wrr_step(struct walk *w) {
  if (!w->at) { /* a pass begins */
    w->whole = 1;
    w->heaviest = 0;
  }
  w->at = next_of(w);
  if (w->at) {
    struct dest *d = dest_at(w->at);
    if (!d) {
      w->over = 1;
      return;
    }
    __s32 weight = READ(d->overload) ? 0 : READ(d->weight);
    if (weight > w->heaviest) w->heaviest = weight;
    if (weight >= w->weight) {
      w->pick = w->at;
      w->over = 1;
    } else if (w->at == w->stop) {
      w->over = 1;
    }
    return;
  }
  w->weight -= w->gcd;
  if (w->whole && w->weight > w->heaviest) wrr_skip(w);
  if (w->weight <= 0) {
    w->weight = w->max;
    if (w->last_pass || !w->start) {
      w->over = 1;
      return;
    }
    w->wrapped = 1;
  }
  w->last_pass = w->weight <= w->gcd;
  if (w->last_pass && w->wrapped && w->start) w->stop = w->start;
}

static __always_inline void wrr_end(struct service *svc, struct walk *w) {
  CAS(&svc->wrr, w->place, (__u64)w->at | (__u64)(__u32)w->weight << WRR_WEIGHT_SHIFT);
}

#endif
