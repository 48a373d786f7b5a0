import { useQuery } from '@tanstack/react-query';
import { node_networks } from '../../api/nodes';
import type { NetworkInterface } from '../../api/types';
import { use_t } from '../../i18n';
import { Card } from '../../kit/card';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';

export function NodeNetwork({ node }: { node: string }) {
  const t = use_t();
  const query = useQuery({
    queryKey: ['node', node, 'network'],
    queryFn: () => node_networks(node),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Card title={t('view.network')} flush>
      <Table<NetworkInterface>
        label={t('view.network')}
        rows={query.data}
        row_key={(one) => one.iface}
        first_sort="name"
        cards
        empty={<Empty icon="network">{t('network.none')}</Empty>}
        columns={[
          {
            id: 'name',
            head: t('field.name'),
            cell: (one) => <b>{one.iface}</b>,
            sort: (one) => one.iface,
          },
          { id: 'type', head: t('field.type'), cell: (one) => one.type, sort: (one) => one.type },
          {
            id: 'active',
            head: t('field.active'),
            cell: (one) => (one.active ? t('state.yes') : t('state.no')),
          },
          { id: 'cidr', head: t('field.address'), cell: (one) => one.cidr ?? one.address },
          { id: 'gateway', head: t('hardware.gateway'), cell: (one) => one.gateway },
          { id: 'ports', head: t('network.ports'), cell: (one) => one.bridge_ports },
          { id: 'comment', head: t('field.comment'), cell: (one) => one.comments },
        ]}
      />
    </Card>
  );
}
