import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { get_status, guest_key } from '../../api/guests';
import { offered } from '../../api/offered';
import type { GuestRef, Kind, Resource } from '../../api/types';
import { is_running } from '../../api/tasks';
import { t_known, use_t, type Key } from '../../i18n';
import { Loading } from '../../kit/notice';
import { PageHead, PagePanel, view_of } from '../../shell/page-head';
import { open_task } from '../../shell/task-viewer';
import { format_percent } from '../../state/format';
import { use_tasks } from '../../state/resources';
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

// What is being done to the guest right now; opens that task.
function Doing({ guest }: { guest: GuestRef }) {
  const t = use_t();
  const task = use_tasks().find(
    (one) => is_running(one) && one.id === String(guest.vmid) && !/proxy$/.test(one.type),
  );
  if (!task) return null;
  return (
    <button type="button" className="pill accent doing" onClick={() => open_task(task)}>
      <span className="spinner" />
      {t_known(`task.type.${task.type}`, task.type)}
      {task.progress !== undefined && ` ${format_percent(task.progress, 0)}`}
      <span className="visually-hidden">{t('task.running')}</span>
    </button>
  );
}

const views = ['summary', 'console', 'hardware', 'options', 'snapshots', 'tasks'] as const;
const with_snapshots = {
  qemu: offered('POST /nodes/{node}/qemu/{vmid}/snapshot'),
  lxc: offered('POST /nodes/{node}/lxc/{vmid}/snapshot'),
};

// The stream says running or stopped; that a machine is paused only its own status tells.
function use_full_row(guest: GuestRef, row: Resource): Resource {
  const status = useQuery({
    queryKey: [...guest_key(guest), 'status', row.status ?? ''],
    queryFn: () => get_status(guest),
    enabled: guest.kind === 'qemu',
  });
  const told = row.qmpstatus ?? status.data?.qmpstatus;
  const qmpstatus = row.status === 'running' ? told : undefined;
  return useMemo(() => ({ ...row, qmpstatus }), [row, qmpstatus]);
}

export function GuestPage({ row: reported, view: asked }: { row: Resource; view: string }) {
  const t = use_t();
  const guest: GuestRef = {
    kind: reported.type as Kind,
    vmid: reported.vmid ?? 0,
    node: reported.node ?? '',
  };
  const row = use_full_row(guest, reported);
  const offered_views = views.filter((id) => id !== 'snapshots' || with_snapshots[guest.kind]);
  const view = view_of(offered_views, asked);
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
            <Doing guest={guest} />
          </>
        }
        where={t('guest.where', { kind, node: guest.node })}
        actions={<PowerButtons guest={guest} row={row} />}
        tabs={offered_views.map((id) => ({
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
