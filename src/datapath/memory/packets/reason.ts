// Why a packet was dropped or passed on without balancing: the keys of `weir stats drops`.
import type { REASONS } from '../../ebpf/reasons.gen.js';

export type Reason = (typeof REASONS)[number]['key'];

export type CountReason = (reason: Reason) => void;
