// The ports of services whose control connections the helper for FTP reads, as the module ip_vs_ftp has them.

export const FTP_PORTS_MAX = 8;
/** Where none were chosen. */
export const FTP_PORTS: readonly number[] = [21];

const PORT_MAX = 65_535;
const NONE = 'none';

/** `21,2121`, or `none`. undefined: they are no ports, or too many. */
export function parseFtpPorts(text: string): readonly number[] | undefined {
  if (text === NONE) return [];
  const ports = text.split(',').map((port) => (/^\d{1,5}$/.test(port) ? Number(port) : Number.NaN));
  const isRight = ports.every((port) => port >= 1 && port <= PORT_MAX) && new Set(ports).size === ports.length;
  return isRight && ports.length <= FTP_PORTS_MAX ? ports : undefined;
}

export const ftpPortsText = (ports: readonly number[]): string => (ports.length === 0 ? NONE : ports.join(','));
