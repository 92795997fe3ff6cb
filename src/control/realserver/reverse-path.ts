// rp_filter on a tunnel device: a client's packet comes out of it, and the route back to the client leads elsewhere.
//
// Strict (1) therefore drops every packet. The kernel takes the larger of conf/all and conf/IF: 0 on the device counts only while `all` is 0.
// Where it is not, the device gets 2 (loose), which is larger than strict: any route back to the client suffices. Loose also asks that the
// device has an IPv4 address, without which the kernel looks no further; that is why the VIP is on each of these devices.

/** The path below /proc/sys. */
export const reversePathSetting = (interfaceName: string): string => `net/ipv4/conf/${interfaceName}/rp_filter`;

const numberAt = (settings: ReadonlyMap<string, string>, interfaceName: string): number =>
  Number(settings.get(reversePathSetting(interfaceName)) ?? '0');

/** The value that counts there. */
export const effectiveReversePath = (settings: ReadonlyMap<string, string>, interfaceName: string): number =>
  Math.max(numberAt(settings, 'all'), numberAt(settings, interfaceName));

/** What a tunnel device gets. */
export const tunnelReversePath = (settings: ReadonlyMap<string, string>): '0' | '2' => (numberAt(settings, 'all') === 0 ? '0' : '2');
