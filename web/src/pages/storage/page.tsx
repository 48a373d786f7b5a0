import type { Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { PageHead, PagePanel } from '../../shell/page-head';
import { StatusIcon, StatusPill } from '../../shell/status';
import { StorageContent } from './content';
import { StorageSummary } from './summary';

const views = ['summary', 'content'] as const;

export function StoragePage({ row, view }: { row: Resource; view: string }) {
  const t = use_t();
  return (
    <>
      <PageHead
        title={
          <>
            <StatusIcon row={row} />
            <span className="clip">{row.storage}</span>
            <StatusPill row={row} />
          </>
        }
        where={t('storage.where', { node: row.node ?? '' })}
        tabs={views.map((id) => ({ id, text: t(`view.${id}`) }))}
        tabs_label={t('storage.views')}
        current={view}
        base={`/storage/${row.node}~${row.storage}`}
      />
      <PagePanel>
        {view === 'content' ? <StorageContent row={row} /> : <StorageSummary row={row} />}
      </PagePanel>
    </>
  );
}
