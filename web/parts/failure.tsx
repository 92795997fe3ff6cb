// Why nothing, or only what was read before, is shown.
import type { Read } from '../data/resource.js';

export function Failure({ read }: { readonly read: Read<unknown> }) {
  if (read.failure === undefined) return read.value === undefined ? <p>Reading …</p> : null;
  return (
    <p class="failure" role="alert">
      <span aria-hidden="true">⚠</span> {read.failure}
      {read.value === undefined ? '' : `: shown is what was read at ${new Date(read.at).toLocaleTimeString()}`}
    </p>
  );
}
