// Moments, and who is meant, as the screens of `weir status` and `weir stats` show them. Pure, but for the time zone.
import type { DaemonStatus } from '../../report/status/status.js';

const two = (number: number): string => String(number).padStart(2, '0');

/** How long ago, in its largest unit. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** `2026-11-21 00:48:03 (12 min ago)`, by this host's clock. */
function moment(iso: string, now: number): string {
  const at = new Date(iso);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} (${age(now - at.getTime())} ago)`;
}

/** `now`: ms since 1970. */
export const sinceText = (iso: string | null, now: number): string => (iso === null ? '' : ` since ${moment(iso, now)}`);

/** `weir 812 since … (90 s ago), /etc/keepalived/keepalived.conf` */
export const daemonText = ({ program, pid, since, file }: DaemonStatus, now: number): string =>
  `${program} ${pid}${sinceText(since, now)}, ${file}`;
