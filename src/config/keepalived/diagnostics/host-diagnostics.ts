// What a configuration names that this host does not have, or has for something else.
import type { DiagnosticRows, Maybe, With } from './row.js';

/** `present`: the interfaces that the host has. */
type Missing = With<'name' | 'who' | 'present'>;
const present = ({ present }: Missing): string => `this host has ${present}`;

const addUser = ({ user }: With<'user'>): string => `there is no user ${user}: add it, or set script_user in global_defs`;

/** `group`: empty, or ` or no group NAME`. */
type RunAs = With<'user' | 'group'>;
const noUser = ({ user, group }: RunAs): string => `no user ${user}${group} here`;

export const hostDiagnostics = {
  'vmac-name-taken': {
    severity: 'error',
    text: ({ name, vmac }: With<'name' | 'vmac'>) =>
      `(${name}) interface ${vmac} already exists and is not a private macvlan; ignoring vmac if_name`,
  },
  'static-address-interface-missing': {
    severity: 'unusable',
    text: ({ keyword }: With<'keyword' | 'interface'>) =>
      `Static address ${keyword} requires either an interface or default interface must exist`,
    hint: ({ interface: dev }: With<'interface'>) => `there is no ${dev} here`,
  },
  'interface-unknown': {
    severity: 'unusable',
    text: ({ name, what }: With<'name' | 'what'>) => `unknown interface ${name} specified for ${what}`,
  },
  'interfaces-missing': {
    severity: 'error',
    text: () => 'Non-existent interface specified in configuration',
    hint: 'dynamic_interfaces in global_defs allows interfaces to appear later',
  },
  'track-script-unknown': {
    severity: 'error',
    text: ({ tracker, name }: With<'tracker' | 'name'>) => `(${tracker}) track script ${name} not found, ignoring...`,
  },
  'track-script-missing': {
    severity: 'error',
    text: ({ name }: With<'name' | 'path'>) => `Disabling track script ${name} since not found/accessible`,
    hint: ({ path }: With<'path'>) => `there is no file '${path}'`,
  },
  'track-script-insecure': {
    severity: 'error',
    text: ({ name }: With<'name'> & Maybe<'hint'>) => `Disabling track script ${name} due to insecure`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'script-user-missing': {
    severity: 'error',
    text: ({ script }: With<'script'>) => `Unable to set uid/gid for script '${script}'`,
    hint: 'there is no such user or group',
  },
  'scripts-without-security': {
    severity: 'security',
    text: ({ kind, insecure }: With<'kind' | 'insecure'>) =>
      `SECURITY VIOLATION - ${kind} are being executed but script_security not enabled.${insecure}`,
    hint: 'enable_script_security in global_defs refuses scripts that others could change',
  },
  'script-not-executable': {
    severity: 'notice',
    text: ({ path }: With<'path'>) => `script '${path}' does not exist`,
    hint: 'nothing runs until it exists',
  },
  'instance-interface-missing': {
    severity: 'error',
    text: ({ name, who }: Missing) => `WARNING - interface ${name} for vrrp_instance ${who} doesn't exist`,
    hint: present,
  },
  'instance-vrf-missing': {
    severity: 'error',
    text: ({ name, who }: Missing) => `(${who}) WARNING - VRF interface ${name} doesn't exist`,
    hint: present,
  },
  'tracked-interface-missing': {
    severity: 'error',
    text: ({ name, who }: Missing) => `(${who}) tracked interface ${name} doesn't exist`,
    hint: present,
  },
  'address-interface-missing': {
    severity: 'error',
    text: ({ name, who }: Missing) => `WARNING - interface ${name} for ip address ${who} doesn't exist`,
    hint: present,
  },
  'route-interface-missing': {
    severity: 'error',
    text: ({ name }: Missing) => `WARNING - interface ${name} for VROUTE nexthop doesn't exist`,
    hint: present,
  },
  'rule-interface-missing': {
    severity: 'error',
    text: ({ name }: Missing) => `WARNING - interface ${name} for rule doesn't exist`,
    hint: present,
  },
  'garp-group-interface-missing': {
    severity: 'error',
    text: ({ name }: Missing) => `WARNING - interface ${name} specified for garp_group doesn't exist`,
    hint: present,
  },
  'route-vrf-missing': { severity: 'error', text: ({ name }: With<'name'>) => `VRF ${name} not found for route` },
  'route-vrf-other-kind': { severity: 'error', text: ({ name }: With<'name'>) => `Route specified VRF ${name} is not a VRF` },
  'script-default-user-missing': {
    severity: 'error',
    text: ({ user }: With<'user'>) => `Unable to set default user ${user} for script`,
    hint: addUser,
  },
  'track-script-default-user-missing': {
    severity: 'error',
    text: ({ name }: With<'name' | 'user'>) => `Unable to set default user for vrrp script ${name} - removing`,
    hint: addUser,
  },
  'misc-script-default-user-missing': {
    severity: 'error',
    text: ({ script }: With<'script' | 'user'>) => `Unable to set default user for misc script '${script}' - removing`,
    hint: addUser,
  },
  'startup-script-removed': { severity: 'error', text: (_: With<'user'>) => 'Invalid startup script', hint: addUser },
  'script-user-unknown': { severity: 'error', text: (_: RunAs) => 'Error setting global script uid/gid', hint: noUser },
  'startup-script-user-unknown': { severity: 'error', text: (_: RunAs) => 'Invalid startup script', hint: noUser },
  'shutdown-script-user-unknown': { severity: 'error', text: (_: RunAs) => 'Invalid shutdown script', hint: noUser },
  'misc-script-user-unknown': {
    severity: 'error',
    text: ({ script }: RunAs & With<'script'>) => `Failed to set uid/gid for misc checker script '${script}' - removing`,
    hint: noUser,
  },
} as const satisfies DiagnosticRows;
