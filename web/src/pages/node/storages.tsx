import { use_t } from '../../i18n';
import { content_words } from '../storage/content-kinds';
import { StorageUsage, used_share } from '../storage/usage';
import { Card } from '../../kit/card';
import { Empty } from '../../kit/notice';
import { Table } from '../../kit/table';
import type { Resource } from '../../api/types';
import { StatusPill } from '../../shell/status';
import { use_all_live } from '../../state/resources';
import { go } from '../../state/route';

export function NodeStorages({ node }: { node: string }) {
  const t = use_t();
  const rows = use_all_live().filter((row) => row.type === 'storage' && row.node === node);
  return (
    <Card title={t('view.storage')} flush>
      <Table<Resource>
        label={t('view.storage')}
        rows={rows}
        row_key={(row) => row.id}
        first_sort="name"
        cards
        onOpen={(row) => go(`/storage/${node}~${row.storage}`)}
        empty={<Empty icon="disk">{t('storage.none')}</Empty>}
        columns={[
          {
            id: 'name',
            head: t('field.name'),
            cell: (row) => <a href={`#/storage/${node}~${row.storage}`}>{row.storage}</a>,
            sort: (row) => row.storage ?? '',
          },
          { id: 'status', head: t('field.status'), cell: (row) => <StatusPill row={row} /> },
          { id: 'type', head: t('field.type'), cell: (row) => row.plugintype },
          { id: 'content', head: t('field.content'), cell: (row) => content_words(row.content, t) },
          {
            id: 'used',
            head: t('chart.used'),
            width: '220px',
            cell: (row) => <StorageUsage row={row} label={row.storage ?? ''} />,
            sort: (row) => used_share(row) ?? 0,
          },
        ]}
      />
    </Card>
  );
}
