// The keys of net.ipv4.vs with their defaults and the values that the kernel takes for them.

/** Greatest value of the keys that have one; all others take any 32-bit number. */
const greatest: ReadonlyMap<string, number> = new Map([
  ['drop_entry', 3],
  ['drop_packet', 3],
  ['secure_tcp', 3],
  ['sync_version', 1],
  ['sync_retries', 3],
]);

export const defaultSysctls: ReadonlyMap<string, string> = new Map([
  ['am_droprate', '10'],
  ['amemthresh', '1024'],
  ['backup_only', '0'],
  ['cache_bypass', '0'],
  ['conn_reuse_mode', '1'],
  ['conntrack', '0'],
  ['drop_entry', '0'],
  ['drop_packet', '0'],
  ['expire_nodest_conn', '0'],
  ['expire_quiescent_template', '0'],
  ['ignore_tunneled', '0'],
  ['lblc_expiration', '86400'],
  ['lblcr_expiration', '86400'],
  ['nat_icmp_send', '0'],
  ['pmtu_disc', '1'],
  ['run_estimation', '1'],
  ['schedule_icmp', '0'],
  ['secure_tcp', '0'],
  ['sloppy_sctp', '0'],
  ['sloppy_tcp', '0'],
  ['snat_reroute', '1'],
  ['sync_persist_mode', '0'],
  ['sync_ports', '1'],
  ['sync_qlen_max', '7141'],
  ['sync_refresh_period', '0'],
  ['sync_retries', '0'],
  ['sync_sock_size', '0'],
  ['sync_threshold', '3\t50'],
  ['sync_version', '1'],
]);

/** The kernel keeps jiffies in 32 bits; at 250 a second. */
const EXPIRATION_MAX_SECONDS = 8_589_934;

function isThreshold(value: string): boolean {
  const match = /^\s*(\d+)\s+(\d+)\s*$/.exec(value);
  const [threshold, period] = [Number(match?.[1]), Number(match?.[2])];
  return match !== null && (period === 0 || threshold < period);
}

/** Whether the kernel would take `value` for the key. */
export function isSysctlValue(name: string, value: string): boolean {
  if (name === 'sync_threshold') return isThreshold(value);
  if (!/^\s*-?\d+\s*$/.test(value)) return false;
  const number = Number(value);
  const most = greatest.get(name);
  if (most !== undefined) return number >= 0 && number <= most;
  if (name.endsWith('_expiration')) return Math.abs(number) <= EXPIRATION_MAX_SECONDS;
  if (name === 'sync_ports') return number > 0 && Number.isInteger(Math.log2(number));
  return Math.abs(number) <= 0x7fffffff;
}
