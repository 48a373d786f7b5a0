import { lazy, Suspense, useEffect, useState } from 'react';
import { liveness } from '../api/events';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { ErrorEdge } from '../kit/error-edge';
import { Empty, Loading, Notice } from '../kit/notice';
import { loaded, use_resource } from '../state/resources';
import { use_place } from '../state/route';
import { use_store } from '../state/store';
import { Header } from './header';
import { name_of } from './status';
import { TasksPanel } from './tasks-panel';
import { TaskViewer } from './task-viewer';
import { ResourceTree } from './tree';

const GuestPage = lazy(() => import('../pages/guest/page').then((m) => ({ default: m.GuestPage })));
const NodePage = lazy(() => import('../pages/node/page').then((m) => ({ default: m.NodePage })));
const StoragePage = lazy(() =>
  import('../pages/storage/page').then((m) => ({ default: m.StoragePage })),
);
const DatacenterPage = lazy(() =>
  import('../pages/datacenter/page').then((m) => ({ default: m.DatacenterPage })),
);

const ConsoleWindow = lazy(() =>
  import('../console/window').then((m) => ({ default: m.ConsoleWindow })),
);

export function Shell() {
  const t = use_t();
  const [side_open, set_side_open] = useState(false);
  const place = use_place();
  const row = use_resource(`${place.area}/${place.id}`);
  if (place.alone && row) {
    return (
      <Suspense fallback={<Loading />}>
        <ConsoleWindow row={row} />
      </Suspense>
    );
  }
  return (
    <div className={side_open ? 'shell side-open' : 'shell'}>
      <Button
        variant="primary"
        className="skip"
        onClick={() => document.getElementById('main')?.focus()}
      >
        {t('menu.skip')}
      </Button>
      <Header onMenu={() => set_side_open(!side_open)} />
      <nav className="side" aria-label={t('tree.label')}>
        <ResourceTree onGo={() => set_side_open(false)} />
      </nav>
      <div className="scrim" onClick={() => set_side_open(false)} />
      <main className="main" id="main" tabIndex={-1}>
        <LostConnection />
        <ErrorEdge key={`${place.area}/${place.id}`}>
          <Suspense fallback={<Loading />}>
            <Place />
          </Suspense>
        </ErrorEdge>
      </main>
      <TasksPanel />
      <TaskViewer />
    </div>
  );
}

// What is seen stays, so it is said that it may be old.
function LostConnection() {
  const t = use_t();
  if (use_store(liveness) !== 'offline') return null;
  return (
    <div className="strip">
      <Notice tone="bad">{t('live.offline_hint')}</Notice>
    </div>
  );
}

function Place() {
  const t = use_t();
  const place = use_place();
  const ready = use_store(loaded);
  const id =
    place.area === 'storage'
      ? `storage/${place.id.replace('~', '/')}`
      : `${place.area}/${place.id}`;
  const row = use_resource(id);
  const name = row ? name_of(row) : t('tree.datacenter');
  useEffect(() => {
    document.title = `${name} – Posada`;
  }, [name]);
  if (place.area === 'datacenter') return <DatacenterPage view={place.view} />;
  if (!ready) return <Loading />;
  if (!row) {
    return (
      <Empty icon="search">
        <p>
          <b>{t('place.gone', { id })}</b>
        </p>
        <p>{t('place.gone_next')}</p>
      </Empty>
    );
  }
  if (place.area === 'node') return <NodePage key={id} row={row} view={place.view} />;
  if (place.area === 'storage') return <StoragePage key={id} row={row} view={place.view} />;
  return <GuestPage key={id} row={row} view={place.view} />;
}
