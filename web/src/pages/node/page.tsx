import { lazy, Suspense } from 'react';
import { offered } from '../../api/offered';
import type { Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { Loading } from '../../kit/notice';
import { PageHead, PagePanel, view_of } from '../../shell/page-head';
import { StatusIcon, StatusPill } from '../../shell/status';
import { AllGuestsMenu } from './all-guests';
import { GuestTable } from '../datacenter/guest-table';
import { NodeNetwork } from './network';
import { NodeStorages } from './storages';
import { NodeSummary } from './summary';
import { NodeTasks } from './tasks';

const NodeShell = lazy(() => import('./shell'));
const NodeServices = lazy(() => import('./services').then((m) => ({ default: m.NodeServices })));
const NodeLog = lazy(() => import('./log').then((m) => ({ default: m.NodeLog })));
const NodeUpdates = lazy(() => import('./updates').then((m) => ({ default: m.NodeUpdates })));

const all_views = [
  'summary',
  'guests',
  'storage',
  'network',
  'shell',
  'services',
  'log',
  'updates',
  'tasks',
] as const;
const built: Partial<Record<(typeof all_views)[number], boolean>> = {
  shell: offered('POST /nodes/{node}/termproxy'),
  services: offered('GET /nodes/{node}/services'),
  log: offered('GET /nodes/{node}/journal'),
  updates: offered('GET /nodes/{node}/apt/update'),
};
const views = all_views.filter((view) => built[view] ?? true);

export function NodePage({ row, view: asked }: { row: Resource; view: string }) {
  const t = use_t();
  const view = view_of(views, asked);
  const node = row.node ?? '';
  return (
    <>
      <PageHead
        title={
          <>
            <StatusIcon row={row} />
            <span className="clip">{node}</span>
            <StatusPill row={row} />
          </>
        }
        where={t('node.kind')}
        actions={<AllGuestsMenu node={node} />}
        tabs={views.map((id) => ({ id, text: t(`view.${id}`) }))}
        tabs_label={t('node.views')}
        current={view}
        base={`/node/${node}`}
      />
      <PagePanel flush={view === 'shell'}>
        <Suspense fallback={<Loading />}>
          <View row={row} node={node} view={view} />
        </Suspense>
      </PagePanel>
    </>
  );
}

function View({ row, node, view }: { row: Resource; node: string; view: string }) {
  if (view === 'guests') return <GuestTable node={node} />;
  if (view === 'storage') return <NodeStorages node={node} />;
  if (view === 'network') return <NodeNetwork node={node} />;
  if (view === 'shell') return <NodeShell node={node} />;
  if (view === 'services') return <NodeServices node={node} />;
  if (view === 'log') return <NodeLog node={node} />;
  if (view === 'updates') return <NodeUpdates node={node} />;
  if (view === 'tasks') return <NodeTasks node={node} />;
  return <NodeSummary row={row} />;
}
