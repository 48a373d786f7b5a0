import type { Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { PageHead, PagePanel } from '../../shell/page-head';
import { StatusIcon, StatusPill } from '../../shell/status';
import { GuestTable } from '../datacenter/guest-table';
import { NodeNetwork } from './network';
import { NodeStorages } from './storages';
import { NodeSummary } from './summary';
import { NodeTasks } from './tasks';

const views = ['summary', 'guests', 'storage', 'network', 'tasks'] as const;

export function NodePage({ row, view }: { row: Resource; view: string }) {
  const t = use_t();
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
        tabs={views.map((id) => ({ id, text: t(`view.${id}`) }))}
        tabs_label={t('node.views')}
        current={view}
        base={`/node/${node}`}
      />
      <PagePanel>
        {view === 'guests' ? (
          <GuestTable node={node} />
        ) : view === 'storage' ? (
          <NodeStorages node={node} />
        ) : view === 'network' ? (
          <NodeNetwork node={node} />
        ) : view === 'tasks' ? (
          <NodeTasks node={node} />
        ) : (
          <NodeSummary row={row} />
        )}
      </PagePanel>
    </>
  );
}
