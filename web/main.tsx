// The dashboard: its views, each with an address of its own, over the resources that this API has.
import { type ComponentType, render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Discovery, Status } from './data/api-values.js';
import { useResource } from './data/resource.js';
import { Failure } from './parts/failure.js';
import { shortNumber } from './parts/texts.js';
import { ChangesView } from './views/changes-view.js';
import { ChecksView } from './views/checks-view.js';
import { ConnectionsView } from './views/connections-view.js';
import { DoctorView } from './views/doctor-view.js';
import { DrainsView } from './views/drains-view.js';
import { DropsView } from './views/drops-view.js';
import { IncidentView } from './views/incident-view.js';
import { ServicesView } from './views/services-view.js';
import { VrrpView } from './views/vrrp-view.js';

interface View {
  readonly hash: string;
  readonly name: string;
  /** The resource that it shows: without it the view is left out. */
  readonly needs: string;
  readonly shown: ComponentType;
}

const views: readonly View[] = [
  { hash: '', name: 'Now', needs: '/v1/services', shown: IncidentView },
  { hash: 'services', name: 'Services', needs: '/v1/services', shown: ServicesView },
  { hash: 'vrrp', name: 'VRRP', needs: '/v1/instances', shown: VrrpView },
  { hash: 'checks', name: 'Health checks', needs: '/v1/checks', shown: ChecksView },
  { hash: 'drains', name: 'Drains', needs: '/v1/drains', shown: DrainsView },
  { hash: 'connections', name: 'Connections', needs: '/v1/connections', shown: ConnectionsView },
  { hash: 'drops', name: 'Drops', needs: '/v1/drops', shown: DropsView },
  { hash: 'changes', name: 'Changes', needs: '/v1/changes', shown: ChangesView },
  { hash: 'doctor', name: 'Doctor', needs: '/v1/doctor', shown: DoctorView },
];

/** What never changes while the API runs. */
const SELDOM_MS = 60_000;

const hashNow = (): string => location.hash.replace(/^#\/?/, '');

function useHash(): string {
  const [hash, setHash] = useState(hashNow);
  useEffect(() => {
    const changed = (): void => setHash(hashNow());
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return hash;
}

function Head({ offered, current }: { readonly offered: readonly View[]; readonly current: View }) {
  const { value } = useResource<Status>('/v1/status', 2000);
  return (
    <header>
      <button type="button" class="skip" onClick={() => document.querySelector('main')?.focus()}>
        To the content
      </button>
      <p class="name">
        <strong>weir</strong>{' '}
        {value === undefined
          ? ''
          : `${value.version}, datapath ${value.datapath.state}${value.table === null ? '' : `, ${shortNumber(value.table.connections)} connections`}`}
      </p>
      <nav aria-label="Views">
        <ul>
          {offered.map((view) => (
            <li key={view.hash}>
              <a href={`#/${view.hash}`} aria-current={view === current ? 'page' : undefined}>
                {view.name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

function Dashboard() {
  const api = useResource<Discovery>('/v1', SELDOM_MS);
  const hash = useHash();
  const main = useRef<HTMLElement>(null);
  const paths = new Set(api.value?.resources.map(({ path }) => path));
  const offered = views.filter(({ needs }) => paths.has(needs));
  const current = offered.find((view) => view.hash === hash) ?? offered[0];
  useEffect(() => {
    if (current !== undefined) document.title = `${current.name} · weir`;
  }, [current]);
  if (current === undefined)
    return (
      <main>
        <h1>weir</h1>
        <Failure read={api} />
      </main>
    );
  const Shown = current.shown;
  return (
    <>
      <Head offered={offered} current={current} />
      <main ref={main} tabIndex={-1} id="content">
        <Shown key={current.hash} />
      </main>
    </>
  );
}

const place = document.getElementById('app');
if (place === null) throw new Error('the page has no place for the dashboard');
place.replaceChildren();
render(<Dashboard />, place);
