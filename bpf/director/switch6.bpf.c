// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Content switching for IPv6, as switch.bpf.c has it for IPv4, whose program enters this one by a tail call. */
#define SWITCHES
#include "ipv6.bpf.c"
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
