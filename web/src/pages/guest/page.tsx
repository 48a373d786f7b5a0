import { lazy, Suspense } from 'react';
import type { GuestRef, Kind, Resource } from '../../api/types';
import { use_t, type Key } from '../../i18n';
import { Loading } from '../../kit/notice';
import { PageHead, PagePanel } from '../../shell/page-head';
import { StatusIcon, StatusPill } from '../../shell/status';
import { PowerButtons } from './power';
import { GuestSummary } from './summary';

const Console = lazy(() => import('../../console/page').then((m) => ({ default: m.ConsoleView })));
const Hardware = lazy(() => import('./hardware').then((m) => ({ default: m.Hardware })));
const Options = lazy(() => import('./options').then((m) => ({ default: m.Options })));
const Snapshots = lazy(() => import('./snapshots').then((m) => ({ default: m.Snapshots })));
const GuestTasks = lazy(() => import('./tasks').then((m) => ({ default: m.GuestTasks })));

export interface GuestProps {
  guest: GuestRef;
  row: Resource;
}

const views = ['summary', 'console', 'hardware', 'options', 'snapshots', 'tasks'] as const;

export function GuestPage({ row, view }: { row: Resource; view: string }) {
  const t = use_t();
  const guest: GuestRef = {
    kind: row.type as Kind,
    vmid: row.vmid ?? 0,
    node: row.node ?? '',
  };
  const base = `/${guest.kind}/${guest.vmid}`;
  const kind = guest.kind === 'qemu' ? t('guest.vm') : t('guest.ct');
  const hardware: Key = guest.kind === 'qemu' ? 'view.hardware' : 'view.resources';
  return (
    <>
      <PageHead
        title={
          <>
            <StatusIcon row={row} />
            <span className="clip">
              {guest.vmid} {row.name}
            </span>
            <StatusPill row={row} />
          </>
        }
        where={t('guest.where', { kind, node: guest.node })}
        actions={<PowerButtons guest={guest} row={row} />}
        tabs={views.map((id) => ({
          id,
          text: t(id === 'hardware' ? hardware : `view.${id}`),
        }))}
        tabs_label={t('guest.views')}
        current={view}
        base={base}
      />
      <PagePanel flush={view === 'console'}>
        <Suspense fallback={<Loading />}>
          {view === 'console' ? (
            <Console guest={guest} row={row} />
          ) : view === 'hardware' ? (
            <Hardware guest={guest} row={row} />
          ) : view === 'options' ? (
            <Options guest={guest} row={row} />
          ) : view === 'snapshots' ? (
            <Snapshots guest={guest} row={row} />
          ) : view === 'tasks' ? (
            <GuestTasks guest={guest} row={row} />
          ) : (
            <GuestSummary guest={guest} row={row} />
          )}
        </Suspense>
      </PagePanel>
    </>
  );
}
