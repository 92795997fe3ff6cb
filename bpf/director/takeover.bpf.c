// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The bridging build for a table that the build before this one has left: its connections have another layout (layout-before.h). */
#define TAKEOVER
#include "bridge.bpf.c"
