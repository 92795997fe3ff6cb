// Why a document is not applied.
import { shellWord } from '../shell-word.js';
import type { ErrorRows } from './error-row.js';

interface KeptService {
  readonly service: string;
  readonly keptFor: string;
  /** The only one that has the service; absent: another one has it, too. */
  readonly file?: string;
}

export const documentErrors = {
  'plan-outdated': {
    text: ({ planned, present }: { planned: string; present: string }) =>
      `the table is not the one that was planned for (base ${planned}, now ${present}); nothing was changed`,
    hint: 'look at the plan again, then apply it',
    exitStatus: 1,
  },
  'plan-conflict': {
    text: ({ service, keptFor }: KeptService) => `${service} is served by ${keptFor}; nothing was changed`,
    hint: ({ file }: KeptService) =>
      file === undefined
        ? 'have it in one of the two files'
        : `edit ${file}, then weir reload; or drain its server, or state an override of it`,
    exitStatus: 2,
  },
  'document-no-table': {
    text: ({ path }: { path: string }) => `${path} has no section of layer 4`,
    hint: 'services, with servers, timeouts, or vips',
    exitStatus: 2,
  },
  'document-vip-of-vrrp': {
    text: ({ address, instance, file }: { address: string; instance: string; file: string }) =>
      `${instance} of ${file} manages ${address}, so that only the master has it`,
    hint: 'have it in one of the two files',
    exitStatus: 2,
  },
  'document-vip-unknown': {
    text: ({ address, file, fault }: { address: string; file: string; fault: string }) =>
      `whether a VRRP instance manages ${address} cannot be known: a keepalived runs with ${file}, which is broken now: ${fault}`,
    hint: ({ file }: { file: string }) => `correct it (weir config lint ${shellWord(file)})`,
    exitStatus: 2,
  },
  'vip-not-undone': {
    text: ({ failure, vip, obstacle }: { failure: string; vip: string; obstacle: string }) =>
      `${failure}; and ${vip} could not be taken back (${obstacle})`,
    hint: 'weir plan FILE shows what is there now',
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
