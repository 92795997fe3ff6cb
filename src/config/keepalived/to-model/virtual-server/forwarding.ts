// lvs_method: NAT, DR, or TUN with its options.
import { type ForwardingMethod, PLAIN_TUNNEL, type Tunnel } from '../../../../model/service.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { DetailsOf, DiagnosticCode } from '../../diagnostics/table.js';
import type { Origin, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';

export interface Forwarding {
  readonly method: ForwardingMethod;
  readonly tunnel: Tunnel;
}

const METHODS: ReadonlyMap<string, ForwardingMethod> = new Map([
  ['NAT', 'masq'],
  ['DR', 'route'],
  ['TUN', 'tunnel'],
]);

/** `who`: `virtual server`, `real server` or `sorry server`. undefined: invalid, and reported; the line counts as not written. */
export function readForwarding(words: readonly Word[], at: Origin, who: string, report: Report): Forwarding | undefined {
  const [first, ...options] = words;
  const method = METHODS.get(first?.text ?? '');
  if (method === undefined) {
    report('forwarding-unknown', first?.at ?? at, { word: first?.text ?? '', who });
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

/** Reads one option from `words`; the number of words read, undefined: invalid, and reported. */
function readOption(words: readonly Word[], at: Origin, who: string, report: Report, found: TunnelWords): number | undefined {
  const [option, value] = words;
  const place = value?.at ?? option?.at ?? at;
  const refuse = <C extends DiagnosticCode>(code: C, details: DetailsOf<C>): undefined => report(code, place, details) as undefined;
  switch (option?.text) {
    case 'type':
      if (value === undefined) return refuse('tunnel-type-missing', { who });
      if (value.text !== 'ipip' && value.text !== 'gue' && value.text !== 'gre') {
        return refuse('tunnel-type-unknown', { value: value.text, who });
      }
      found.type = value.text;
      return 2;
    case 'port': {
      if (value === undefined) return refuse('tunnel-port-missing', { who });
      const { value: port, problem } = readWhole(value.text, { min: 1, max: 65535 });
      if (problem !== undefined) reportProblem(report, value.at, problem);
      if (port === undefined) return refuse('tunnel-port-invalid', { value: value.text, who });
      found.port = port;
      return 2;
    }
    case 'nocsum':
    case 'csum':
    case 'remcsum':
      found.checksum = option.text;
      return 1;
    default:
      return refuse('tunnel-option-invalid', { option: option?.text ?? '', who });
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
      ? 'tunnel-port-and-type'
      : type === 'ipip' && checksum !== 'nocsum'
        ? 'tunnel-ipip-checksum'
        : type === 'gre' && checksum === 'remcsum'
          ? 'tunnel-gre-remote-checksum'
          : undefined;
  if (problem === undefined) return { type, port, checksum };
  report(problem, at);
  return undefined;
}
