// Content switching: a kernel that has it not, interfaces that pass by it, and what keeps undecided connections from the proxy.
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import type { SwitchFact, WantedSwitchFact } from '../../switch-facts.js';

function passedBy({ uncovered, listeners }: SwitchFact): readonly Finding[] {
  if (uncovered.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'switch-passed-by',
      what: `content switching has no program on ${uncovered.join(', ')}, or XDP passes by it`,
      cause: `connections to ${listeners.join(', ')} that come in there go to any server of the service, whatever they ask for`,
      advice: 'weir load',
    },
  ];
}

const withoutSocket = ({ off, listeners }: SwitchFact): readonly Finding[] =>
  off.map((name) => ({
    severity: 'error',
    code: 'switch-sysctl-off',
    what: `${name} is 0, and ${listeners.join(', ')} are switched by content`,
    cause: 'the kernel makes no socket of what the datapath leaves to the proxy: such connections get no answer',
    advice: `sysctl -w ${name}=1`,
  }));

function withoutProxy({ unserved }: SwitchFact): readonly Finding[] {
  if (unserved.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'switch-without-proxy',
      what: `no process listens at ${unserved.join(', ')}, which ${unserved.length === 1 ? 'is' : 'are'} switched by content`,
      cause: 'requests that the datapath does not decide get a reset, as do all of a pool without a server',
      advice: 'start weir proxy, weir engine or weir run with the same file',
    },
  ];
}

function withoutKernel({ file, listeners, lacks }: WantedSwitchFact): readonly Finding[] {
  if (lacks.length === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'switch-kernel',
      what: `${file} has listeners to be switched by content (${listeners.join(', ')}), for which this kernel lacks ${lacks.join(', ')}`,
      cause: 'weir switch apply is refused; connections are those of weir proxy, and servers see its address in the place of their clients',
      advice: 'start Linux 6.9 or later with CONFIG_SYN_COOKIES, or take the way switch out of the file',
    },
  ];
}

export function switchedRule({ datapath: { switched }, wantedSwitch }: DirectorFacts): readonly Finding[] {
  return [
    ...(wantedSwitch === undefined ? [] : withoutKernel(wantedSwitch)),
    ...(switched === undefined ? [] : [...passedBy(switched), ...withoutSocket(switched), ...withoutProxy(switched)]),
  ];
}
