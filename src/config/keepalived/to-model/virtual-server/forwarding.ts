// lvs_method: NAT, DR, or TUN with its options.
import type { ForwardingMethod, Tunnel } from '../../../../model/service.js';
import type { Origin, Report, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { tellError } from '../report.js';

export interface Forwarding {
  readonly method: ForwardingMethod;
  readonly tunnel: Tunnel;
}

export const PLAIN_TUNNEL: Tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' };

const METHODS: ReadonlyMap<string, ForwardingMethod> = new Map([
  ['NAT', 'masq'],
  ['DR', 'route'],
  ['TUN', 'tunnel'],
]);

/** `who`: `virtual server`, `real server`, `sorry server`. undefined: the line counts as not written, and that was told. */
export function readForwarding(words: readonly Word[], at: Origin, who: string, report: Report): Forwarding | undefined {
  const [first, ...options] = words;
  const method = METHODS.get(first?.text ?? '');
  if (method === undefined) {
    tellError(report, first?.at ?? at, `PARSER : unknown [${first?.text ?? ''}] routing method for ${who}.`, 'one of NAT, DR, TUN');
    return undefined;
  }
  const tunnel = readTunnel(options, at, who, report) ?? PLAIN_TUNNEL;
  return { method, tunnel: method === 'tunnel' ? tunnel : PLAIN_TUNNEL };
}

interface TunnelWords {
  type?: Tunnel['type'];
  port?: number;
  checksum?: Tunnel['checksum'];
}

/** One option from `words`; how many words it took, undefined: told. */
function readOption(words: readonly Word[], at: Origin, who: string, report: Report, found: TunnelWords): number | undefined {
  const [option, value] = words;
  const refuse = (text: string, hint?: string): undefined => {
    tellError(report, value?.at ?? option?.at ?? at, text, hint);
  };
  switch (option?.text) {
    case 'type':
      if (value === undefined) return refuse(`Missing tunnel type for ${who}.`, 'one of ipip, gue, gre');
      if (value.text !== 'ipip' && value.text !== 'gue' && value.text !== 'gre') {
        return refuse(`Unknown tunnel type ${value.text} for ${who}.`, 'one of ipip, gue, gre');
      }
      found.type = value.text;
      return 2;
    case 'port': {
      if (value === undefined) return refuse(`Missing port for ${who} gue tunnel.`);
      const { value: port, problem } = readWhole(value.text, { min: 1, max: 65535 });
      if (problem !== undefined) tellError(report, value.at, problem);
      if (port === undefined) return refuse(`Invalid gue tunnel port ${value.text} for ${who}.`);
      found.port = port;
      return 2;
    }
    case 'nocsum':
    case 'csum':
    case 'remcsum':
      found.checksum = option.text;
      return 1;
    default:
      return refuse(`Invalid tunnel option ${option?.text ?? ''} for ${who}.`, 'type ipip|gue|gre, port N, nocsum, csum, remcsum');
  }
}

function readTunnel(words: readonly Word[], at: Origin, who: string, report: Report): Tunnel | undefined {
  const found: TunnelWords = {};
  for (let index = 0; index < words.length; ) {
    const taken = readOption(words.slice(index), at, who, report, found);
    if (taken === undefined) return undefined;
    index += taken;
  }
  const { type = 'ipip', port = 0, checksum = 'nocsum' } = found;
  const problem =
    (type === 'gue') !== port > 0
      ? 'gue tunnels require port, otherwise cannot have port.'
      : type === 'ipip' && checksum !== 'nocsum'
        ? 'ipip tunnels do not support checksum option.'
        : type === 'gre' && checksum === 'remcsum'
          ? 'gre tunnels do not support remote checksum option.'
          : undefined;
  if (problem === undefined) return { type, port, checksum };
  tellError(report, at, problem);
  return undefined;
}
