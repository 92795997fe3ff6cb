// keepalived_*, letter for letter as mehdy's keepalived-exporter has them.
import type { Counters } from '../../control/vrrp/state/counters.js';
import { type Family, labelText, plainSample, type Sample } from '../exposition/family.js';
import type { InstanceSnapshot, Snapshot } from '../snapshot.js';

export const KEEPALIVED_STATES = { init: 0, backup: 1, master: 2, fault: 3 } as const;
/** idle, running, requested termination. */
const RUNS = { idle: 0, running: 1, ending: 2 } as const;

export const upFamily = ({ daemonRuns }: Snapshot): Family => ({
  name: 'keepalived_up',
  type: 'gauge',
  help: 'Status',
  scope: 'director',
  samples: plainSample(daemonRuns ? 1 : 0),
});

const COUNTERS: readonly (readonly [name: string, help: string, counter: keyof Counters])[] = [
  ['advertisements_interval_errors', 'Advertisement interval errors', 'intervalErrors'],
  ['advertisements_received', 'Advertisements received', 'advertsReceived'],
  ['advertisements_sent', 'Advertisements sent', 'advertsSent'],
  ['address_list_errors', 'Address list errors', 'addressListErrors'],
  ['authentication_failure', 'Authentication failure', 'authFailures'],
  ['authentication_invalid', 'Authentication invalid', 'authTypeErrors'],
  ['authentication_mismatch', 'Authentication mismatch', 'authMismatches'],
  ['become_master', 'Became master', 'becameMaster'],
  ['invalid_type_received', 'Invalid type errors', 'typeErrors'],
  ['ip_ttl_errors', 'TTL errors', 'ttlErrors'],
  ['packet_length_errors', 'Packet length errors', 'lengthErrors'],
  ['priority_zero_received', 'Priority zero received', 'zeroPriorityReceived'],
  ['priority_zero_sent', 'Priority zero sent', 'zeroPrioritySent'],
  ['release_master', 'Released master', 'releasedMaster'],
];

const instanceLabels = ({ name, vrid, dumped }: InstanceSnapshot): string => labelText({ iname: name, intf: dumped.interface, vrid });

function counterFamily(instances: readonly InstanceSnapshot[], [name, help, counter]: (typeof COUNTERS)[number]): Family {
  const samples = instances.map((one) => ({ labels: instanceLabels(one), value: one.counters[counter] }));
  return { name: `keepalived_${name}_total`, type: 'counter', help, scope: 'director', samples };
}

/** One series for each address, as keepalived.data has it: its first word, and as interface its third one. */
function stateSamples({ name, vrid, state }: InstanceSnapshot, lines: readonly string[]): readonly Sample[] {
  return lines.map((line) => {
    const [address = '', , device = ''] = line.split(' ');
    return { labels: labelText({ iname: name, intf: device, ip_address: address, vrid }), value: KEEPALIVED_STATES[state] };
  });
}

function stateFamilies(instances: readonly InstanceSnapshot[]): readonly Family[] {
  const bare = (one: InstanceSnapshot): readonly Sample[] =>
    one.dumped.addresses.length > 0
      ? stateSamples(one, one.dumped.addresses)
      : [
          {
            labels: labelText({ iname: one.name, intf: one.dumped.interface, ip_address: '', vrid: one.vrid }),
            value: KEEPALIVED_STATES[one.state],
          },
        ];
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `keepalived_vrrp_${name}`,
    type: 'gauge',
    help,
    scope: 'director',
    samples,
  });
  return [
    gauge('state', 'State of vrrp', instances.flatMap(bare)),
    gauge(
      'excluded_state',
      'State of vrrp with excluded VIP',
      instances.flatMap((one) => stateSamples(one, one.dumped.excluded)),
    ),
  ];
}

function scriptFamilies({ vrrp: { scripts } }: Snapshot): readonly Family[] {
  const gauge = (name: string, help: string, value: (script: (typeof scripts)[number]) => number): Family => ({
    name: `keepalived_script_${name}`,
    type: 'gauge',
    help,
    scope: 'director',
    samples: scripts.map((script) => ({ labels: labelText({ name: script.name }), value: value(script) })),
  });
  return [
    gauge('state', 'Tracker Script State', ({ run }) => RUNS[run]),
    gauge('status', 'Tracker Script Status', ({ good }) => (good ? 1 : 0)),
  ];
}

export function keepalivedFamilies(snapshot: Snapshot): readonly Family[] {
  const { instances } = snapshot.vrrp;
  const delay: Family = {
    name: 'keepalived_gratuitous_arp_delay_total',
    type: 'counter',
    help: 'Gratuitous ARP delay',
    scope: 'director',
    samples: instances.map((one) => ({ labels: instanceLabels(one), value: one.dumped.garpDelay })),
  };
  return [
    upFamily(snapshot),
    ...COUNTERS.map((counter) => counterFamily(instances, counter)),
    delay,
    ...stateFamilies(instances),
    ...scriptFamilies(snapshot),
  ];
}
