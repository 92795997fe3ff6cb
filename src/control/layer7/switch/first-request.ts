// How the datapath decides by the first request of a connection, for who asks without sending one: bpf/director/switch-text.h and switch-choose.h again.
import { SWITCH_LIMITS, type SwitchPath } from '../../../model/layer7/switch-plan.js';

/** What a first request asks for. `host`: of HTTP as the client sends it. `path`: with its query; of TLS it does not count. */
export interface FirstRequest {
  readonly host: string;
  readonly path: string;
}

const HOST = /^([a-z0-9._-]*[a-z0-9_-])(?::\d{0,5})?$/i;
const TARGET = /^\/[!"$-~]*$/;

/** In lower case, without its port. undefined: the datapath takes no host to be certain. */
export function hostName({ host }: FirstRequest): string | undefined {
  const name = HOST.exec(host)?.[1]?.toLowerCase();
  return name !== undefined && name.length <= SWITCH_LIMITS.nameBytes ? name : undefined;
}

const pathOf = ({ path }: FirstRequest): string => path.split('?', 1)[0] ?? '';

/** Why the datapath leaves a request to the proxy, whatever rules there are. undefined: it looks for a rule. Its head is well formed otherwise. */
export function whyUndecided(protocol: 'http' | 'tls', request: FirstRequest): string | undefined {
  if (hostName(request) === undefined || (protocol === 'tls' && request.host.includes(':')))
    return `the host is no name of at most ${SWITCH_LIMITS.nameBytes} letters, digits, dots, hyphens and underscores, without a dot at its end`;
  if (protocol === 'tls') return undefined;
  if (!TARGET.test(request.path)) return 'the target is no path, or has a character that is not allowed';
  return /[%\\]|\/[/.]/.test(pathOf(request)) ? 'the path has an escape, //, /. or a backslash' : undefined;
}

/** The rule of a host by which a request that is decided goes: of the longest path. undefined: none. */
export function matchingPath<P extends Pick<SwitchPath, 'path' | 'exact'>>(paths: readonly P[], request: FirstRequest): P | undefined {
  const asked = pathOf(request);
  const length = ({ path, exact }: P): number => path.length + Number(exact);
  const fitting = paths.filter(({ path, exact }) => (exact ? asked === path : asked.startsWith(path)));
  return fitting.reduce<P | undefined>((best, each) => (best === undefined || length(each) > length(best) ? each : best), undefined);
}
