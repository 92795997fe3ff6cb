// An entry of the journal as the API sends it.
import * as z from 'zod';

export const entryShape = z.strictObject({
  id: z.string(),
  at: z.string(),
  author: z.string(),
  before: z.string(),
  after: z.string().nullable().describe('null: the process was killed in the change, and it may have been made or not; or unread'),
  unread: z.string().optional().describe('the change was made: why the state after it could not be read'),
  commands: z.array(z.string()),
  of: z.string().nullable(),
});
