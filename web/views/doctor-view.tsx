// What weir doctor finds on this host, worst first, with what fixes it.
import type { Doctor, Finding } from '../data/api-values.js';
import { useResource } from '../data/resource.js';
import { Failure } from '../parts/failure.js';
import { SameCommand } from '../parts/same-command.js';

/** It takes seconds of the host. */
const EVERY_MS = 300_000;
const SIGNS = { error: ['▼', 'down'], warning: ['⚠', 'warning'], info: ['○', 'unchecked'] } as const;

function FindingItem({ severity, code, what, cause, fix, on, advice }: Finding) {
  const [sign, colour] = SIGNS[severity];
  return (
    <li>
      <p>
        <span class={`badge ${colour}`}>
          <span aria-hidden="true">{sign}</span> {severity}
        </span>{' '}
        <strong>{what}</strong>: {cause} <span class="code">({code})</span>
      </p>
      {fix !== undefined && (
        <p>
          fix: {on === undefined ? '' : `on ${on}: `}
          <code>{fix}</code>
        </p>
      )}
      {advice !== undefined && <p>advice: {advice}</p>}
    </li>
  );
}

export function FindingList() {
  const read = useResource<Doctor>('/v1/doctor', EVERY_MS);
  const findings = read.value?.findings ?? [];
  return (
    <>
      <Failure read={read} />
      {read.value !== undefined && findings.length === 0 && <p class="empty">weir doctor finds nothing wrong.</p>}
      <ul class="findings">
        {findings.map((finding) => (
          <FindingItem key={`${finding.code} ${finding.what}`} {...finding} />
        ))}
      </ul>
      <button type="button" onClick={read.refresh}>
        Examine again
      </button>
    </>
  );
}

export function DoctorView() {
  return (
    <section>
      <h1>Doctor's findings</h1>
      <FindingList />
      <SameCommand command="weir doctor" />
    </section>
  );
}
