// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Content switching: the program in front of those on the links, and its timer. Of the director's headers it has what begins a connection. */
#define SWITCHES
#include "weir.bpf.c"
#include <bpf/bpf_core_read.h>

#include "tcp-numbers.h"
#include "switch-maps.h"
#include "switch-cookie.h"
#include "switch-text.h"
#include "switch-hello.h"
#include "switch-segment.h"
#include "switch-local.h"
#include "switch-choose.h"
#include "switch.h"
#include "switch-bind.h"
#include "switch-timer.h"
#include "switch-read.h"
