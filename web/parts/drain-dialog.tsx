// Before a drain begins: what it would do to each service, and until when. Nothing is changed before the second click.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DrainStarted } from '../data/api-values.js';
import { messageOf, send } from '../data/resource.js';
import { SameCommand } from './same-command.js';

const [DEADLINE_S, DEADLINE_MAX_S] = [300, 31 * 24 * 3600] as const;

const post = (path: string, body: unknown): Promise<DrainStarted> =>
  send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** What a drain of the target would do; undefined: it is not known yet. */
function usePlan(target: string): { readonly plan: DrainStarted['plan'] | undefined; readonly failure: string | undefined } {
  const [found, setFound] = useState<{ target: string; plan?: DrainStarted['plan']; failure?: string }>({ target });
  useEffect(() => {
    let isWanted = true;
    post('/v1/drains?dry_run=true', { target }).then(
      ({ plan }) => isWanted && setFound({ target, plan }),
      (error) => isWanted && setFound({ target, failure: messageOf(error) }),
    );
    return () => {
      isWanted = false;
    };
  }, [target]);
  return found.target === target ? { plan: found.plan, failure: found.failure } : { plan: undefined, failure: undefined };
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;

function Plan({ plan }: { readonly plan: DrainStarted['plan'] }) {
  return (
    <>
      <p>From the answer on these get no new connections; those that there are go on.</p>
      <ul>
        {plan.services.map(({ service, drained, left, capacity }) => (
          <li key={service}>
            {service}: {drained.join(', ')}; {left.length === 0 ? 'no server is left' : `${left.length} left`}, {percent(capacity)} of the
            weights
          </li>
        ))}
      </ul>
      {plan.also.length > 0 && <p>For the sake of persistent clients also: {plan.also.join(', ')}</p>}
    </>
  );
}

interface DrainDialogProps {
  /** ADDRESS:PORT */
  readonly server: string;
  readonly service: string;
  readonly onClose: (begun: boolean) => void;
}

export function DrainDialog({ server, service, onClose }: DrainDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isEverywhere, setEverywhere] = useState(false);
  const [deadline, setDeadline] = useState(String(DEADLINE_S));
  const [refused, setRefused] = useState<string>();
  const target = isEverywhere ? server : `${service}/${server}`;
  const { plan, failure } = usePlan(target);
  const seconds = Number(deadline);
  const isRight = deadline !== '' && Number.isFinite(seconds) && seconds >= 0 && seconds <= DEADLINE_MAX_S;
  useEffect(() => dialog.current?.showModal(), []);
  const begin = async (): Promise<void> => {
    try {
      await post('/v1/drains', { target, deadline: seconds });
      onClose(true);
    } catch (error) {
      setRefused(messageOf(error));
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="drain-title" onClose={() => onClose(false)}>
      <h2 id="drain-title">Drain {server}</h2>
      <label>
        <input type="checkbox" checked={isEverywhere} onChange={({ currentTarget }) => setEverywhere(currentTarget.checked)} /> in every
        service that has it
      </label>
      <label>
        Deadline in seconds{' '}
        <input
          type="number"
          min={0}
          max={DEADLINE_MAX_S}
          value={deadline}
          onInput={({ currentTarget }) => setDeadline(currentTarget.value)}
        />
      </label>
      <div role="status">
        {plan !== undefined && <Plan plan={plan} />}
        {(refused ?? failure) !== undefined && <p class="failure">{refused ?? failure}</p>}
      </div>
      <SameCommand command={`weir drain ${target} --deadline ${deadline}s`} />
      <p class="buttons">
        <button type="button" disabled={plan === undefined || !isRight} onClick={() => void begin()}>
          Drain
        </button>{' '}
        <button type="button" onClick={() => dialog.current?.close()}>
          Change nothing
        </button>
      </p>
    </dialog>
  );
}
