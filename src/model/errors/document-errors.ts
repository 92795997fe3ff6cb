// Why a document is not applied.
import type { ErrorRows } from './error-row.js';

export const documentErrors = {
  'plan-outdated': {
    text: ({ planned, present }: { planned: string; present: string }) =>
      `the table is not the one that was planned for (base ${planned}, now ${present}); nothing was changed`,
    hint: 'look at the plan again, then apply it',
    exitStatus: 1,
  },
  'plan-conflict': {
    text: ({ service, keptFor }: { service: string; keptFor: string }) => `${service} is served by ${keptFor}; nothing was changed`,
    hint: 'have it in one of the two files',
    exitStatus: 2,
  },
  'document-no-table': {
    text: ({ path }: { path: string }) => `${path} has no section of layer 4`,
    hint: 'services, with servers, or timeouts',
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
