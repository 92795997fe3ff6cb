// A state as a word with a sign and a colour: the colour is never alone.
import type { State } from '../data/server-rows.js';

const SIGNS: Readonly<Record<State, readonly [sign: string, word: string]>> = {
  up: ['▲', 'UP'],
  down: ['▼', 'DOWN'],
  draining: ['◑', 'weight 0'],
  maintenance: ['◈', 'maintenance'],
  unchecked: ['○', 'no check'],
  starting: ['△', 'not checked yet'],
  sorry: ['▼', 'sorry server'],
};

export function StateBadge({ state }: { readonly state: State }) {
  const [sign, word] = SIGNS[state];
  return (
    <span class={`badge ${state}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}

export function Legend() {
  return (
    <ul class="legend" aria-label="States">
      {(Object.keys(SIGNS) as State[]).map((state) => (
        <li key={state}>
          <StateBadge state={state} />
        </li>
      ))}
    </ul>
  );
}
