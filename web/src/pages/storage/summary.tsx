import { useQuery } from '@tanstack/react-query';
import { storage_rrd, storage_status } from '../../api/nodes';
import type { Resource } from '../../api/types';
import { History, type ChartSpec } from '../../charts/history';
import { use_t } from '../../i18n';
import { Card, Facts } from '../../kit/card';
import { Failure } from '../../kit/notice';
import { format_bytes } from '../../state/format';
import { content_words } from './content-kinds';
import { StorageUsage } from './usage';

const charts: ChartSpec[] = [
  {
    title: 'storage.usage',
    curves: [
      { column: 'used', label: 'chart.used' },
      { column: 'total', label: 'chart.total' },
    ],
    format: format_bytes,
    binary: true,
  },
];

export function StorageSummary({ row }: { row: Resource }) {
  const t = use_t();
  const node = row.node ?? '';
  const storage = row.storage ?? '';
  const status = useQuery({
    queryKey: ['storage', node, storage, 'status'],
    queryFn: () => storage_status(node, storage),
  });
  const disk = row.disk ?? status.data?.used;
  const maxdisk = row.maxdisk ?? status.data?.total;
  return (
    <div className="grid">
      <Card title={t('storage.facts')} span={6}>
        {status.isError && <Failure error={status.error} onRetry={() => void status.refetch()} />}
        <Facts
          rows={[
            [t('field.type'), row.plugintype ?? status.data?.type],
            [t('field.content'), content_words(row.content ?? status.data?.content, t)],
            [t('field.shared'), row.shared ? t('state.yes') : t('state.no')],
          ]}
        />
      </Card>
      <Card title={t('storage.usage')} span={6}>
        <StorageUsage row={{ disk, maxdisk }} label={t('chart.used')} />
      </Card>
      <History
        query_key={['storage', node, storage]}
        load={(frame) => storage_rrd(node, storage, frame)}
        charts={charts}
        span={12}
      />
    </div>
  );
}
