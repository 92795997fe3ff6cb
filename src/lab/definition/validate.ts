// Validates a lab file: each wrong key with its path and what is expected there.
import { isRecord } from '../../model/json.js';
import { entryOf } from '../../model/own-entry.js';
import { type Lab, SEEN_PROTOCOLS, SITE_PROTOCOLS, TUNNELS } from './lab.js';
import { SWITCHES } from './names.js';
import {
  address,
  at,
  type Check,
  choice,
  flag,
  isNetwork,
  list,
  network,
  object,
  oneOf,
  type Problem,
  type Report,
  record,
  text,
  whole,
} from './value-checks.js';

const labName = text('a name of small letters, digits and dashes, at most 32', (value) => /^[a-z0-9][a-z0-9-]{0,31}$/.test(value));
const hostName = text(
  'a host name of letters, digits and dashes, at most 32, other than sw',
  (value) => /^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/.test(value) && value !== SWITCHES,
);
const interfaceName = text(
  'an interface name of at most 15 letters, digits, dots, dashes, other than lo',
  (value) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/.test(value) && value !== 'lo',
);
const switchName = text('a switch name of at most 12 letters, digits and dashes', (value) => /^[A-Za-z0-9][A-Za-z0-9-]{0,11}$/.test(value));
const fileName = text('a file name of letters, digits, dots, dashes', (value) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value));
const oneLine = text('one line of text', (value) => value !== '' && !value.includes('\n'));
const someText = text('a text');
const anyText = text('a text', () => true);
const port = whole('a port', 1, 65535);
const count = whole('a whole number', 0, 1e9);
const sysctlKey = text('a key such as net.ipv4.ip_forward', (value) => /^net(\.[A-Za-z0-9_-]+)+$/.test(value));
const sysctlValue: Check = (value, path, report) => {
  const good = typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && /^[^\n]+$/.test(value);
  if (!good) report(path, 'expected a whole number or one line of text');
};
const pattern = text('a regular expression', (value) => {
  try {
    return value !== '' && new RegExp(value, 'm') !== undefined;
  } catch {
    return false;
  }
});

const bounds = choice((value) =>
  isRecord(value)
    ? object({}, { min: count, max: count })
    : (given, path, report) => {
        if (typeof given !== 'number' || !Number.isInteger(given) || given < 0) {
          report(path, 'expected a whole number, or an object with min, max or both');
        }
      },
);

const expectation = object(
  {},
  {
    exit: whole('an exit status', 0, 255),
    answers: list(anyText, 1),
    tally: record(anyText, count, 1),
    contains: list(someText, 1),
    lacks: list(someText, 1),
    matches: list(pattern, 1),
    errors: list(someText, 1),
  },
);

const traffic = object(
  { packets: bounds },
  {
    say: oneLine,
    at: text('HOST or HOST:INTERFACE'),
    direction: oneOf(['from', 'to']),
    from: someText,
    protocol: oneOf(SEEN_PROTOCOLS),
    source: address,
    destination: address,
    sourcePort: port,
    destinationPort: port,
    flags: text('TCP flags, of the letters FSRPA', (value) => /^[FSRPA]+$/.test(value)),
    mtu: whole('a number of bytes', 68, 65_535),
    tunnel: oneOf([...TUNNELS, 'none']),
    outerSource: address,
    outerDestination: address,
  },
);

const seconds = whole('seconds', 1, 3600);
const STEPS: Readonly<Record<string, Check>> = {
  run: object(
    { kind: someText, on: someText, command: oneLine },
    {
      times: whole('how often', 1, 10_000),
      seconds,
      say: oneLine,
      expect: expectation,
    },
  ),
  wait: object({ kind: someText, on: someText, command: oneLine, seconds, expect: expectation }, { say: oneLine }),
  mark: object({ kind: someText }, { say: oneLine }),
  traffic: object({ kind: someText, expect: list(traffic, 1) }, { say: oneLine }),
  served: object({ kind: someText, expect: record(someText, bounds, 1) }, { say: oneLine }),
};

const step = choice((value) => {
  const kind = isRecord(value) ? value['kind'] : undefined;
  const known = typeof kind === 'string' ? entryOf(STEPS, kind) : undefined;
  return (
    known ??
    object({ kind: oneOf(Object.keys(STEPS)) }, isRecord(value) ? Object.fromEntries(Object.keys(value).map((key) => [key, () => {}])) : {})
  );
});

const host = object(
  { interfaces: record(interfaceName, object({ switch: someText }, { addresses: list(network) })) },
  {
    director: flag,
    gateway: address,
    routes: list(
      object(
        { to: text('default or a network such as 10.0.0.0/8', (value) => value === 'default' || isNetwork(value)) },
        {
          via: address,
          dev: someText,
        },
      ),
    ),
    sysctls: record(sysctlKey, sysctlValue),
    files: record(fileName, anyText),
    sites: list(
      object(
        { port },
        {
          protocol: oneOf(SITE_PROTOCOLS),
          address,
          body: text('one line without $', (value) => /^[^\n$\0]+$/.test(value)),
        },
      ),
    ),
  },
);

const lab = object(
  {
    name: labName,
    title: oneLine,
    switches: list(switchName, 1),
    hosts: record(hostName, host, 1),
    steps: list(step),
  },
  { capture: flag, needs: list(text('the name of a command', (value) => /^[A-Za-z0-9._-]+$/.test(value))) },
);

/** Checks names that must be defined elsewhere in the file. Only called on a lab with the right shape. */
function checkReferences(value: Lab, report: Report): void {
  const hosts = Object.keys(value.hosts);
  const known = (name: string, path: string, also: readonly string[] = []): void => {
    if (!hosts.includes(name) && !also.includes(name)) {
      report(path, `there is no host ${name}; the hosts are ${hosts.join(', ')}`);
    }
  };
  for (const [name, { interfaces }] of Object.entries(value.hosts)) {
    for (const [interfaceName, iface] of Object.entries(interfaces)) {
      if (!value.switches.includes(iface.switch)) {
        report(
          `hosts.${name}.interfaces.${interfaceName}.switch`,
          `there is no switch ${iface.switch}; the switches are ${value.switches.join(', ')}`,
        );
      }
    }
  }
  value.steps.forEach((item, index) => {
    const path = `steps[${index}]`;
    switch (item.kind) {
      case 'run':
        known(item.on, at(path, 'on'), [SWITCHES]);
        if (item.expect?.answers !== undefined && item.expect.answers.length !== (item.times ?? 1)) {
          report(at(path, 'expect.answers'), `expected as many answers as times (${item.times ?? 1}), got ${item.expect.answers.length}`);
        }
        break;
      case 'wait':
        known(item.on, at(path, 'on'), [SWITCHES]);
        break;
      case 'served':
        Object.keys(item.expect).forEach((name) => known(name, at(path, `expect.${name}`), ['*']));
        break;
      case 'traffic':
        checkTraffic(item.expect, value, path, known, report);
        break;
      case 'mark':
        break;
    }
  });
}

function checkTraffic(
  expectations: Extract<Lab['steps'][number], { kind: 'traffic' }>['expect'],
  value: Lab,
  path: string,
  known: (name: string, path: string) => void,
  report: Report,
): void {
  if (value.capture === false) report(path, 'traffic cannot be checked: the lab has capture: false');
  expectations.forEach(({ at: place, from }, index) => {
    if (from !== undefined) known(from, `${path}.expect[${index}].from`);
    if (place !== undefined) {
      const [name = '', interfaceName] = place.split(':');
      known(name, `${path}.expect[${index}].at`);
      const interfaces = value.hosts[name]?.interfaces;
      if (interfaceName !== undefined && interfaces !== undefined && !Object.hasOwn(interfaces, interfaceName)) {
        report(`${path}.expect[${index}].at`, `${name} has no interface ${interfaceName}; it has ${Object.keys(interfaces).join(', ')}`);
      }
    }
  });
}

/** Every problem of a lab as read from a file; an empty list means that it is a `Lab`. */
export function problemsOf(value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    problems.push({ path, message });
  };
  lab(value, '', report);
  if (problems.length === 0) checkReferences(value as Lab, report);
  return problems;
}
