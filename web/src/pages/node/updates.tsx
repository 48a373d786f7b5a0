import { useQuery } from '@tanstack/react-query';
import { list_updates, refresh_updates, type Update } from '../../api/machine';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { use_action } from '../../state/action';

export function NodeUpdates({ node }: { node: string }) {
  const t = use_t();
  const query = useQuery({
    queryKey: ['node', node, 'updates'],
    queryFn: () => list_updates(node),
  });
  const { busy, run } = use_action();
  const refresh = async () => {
    if (await run(() => refresh_updates(node), t('updates.refreshed'))) await query.refetch();
  };
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Card
      title={t('view.updates')}
      flush
      tools={
        <Button small icon="restart" busy={busy} onClick={() => void refresh()}>
          {t('updates.refresh')}
        </Button>
      }
    >
      <p className="body muted">{t('updates.how')}</p>
      <Table<Update>
        label={t('view.updates')}
        rows={query.data}
        row_key={(one) => one.Package}
        first_sort="name"
        virtual={query.data.length > 200}
        empty={<Empty icon="check">{t('updates.none')}</Empty>}
        columns={[
          {
            id: 'name',
            head: t('updates.package'),
            cell: (one) => <b>{one.Package}</b>,
            sort: (one) => one.Package,
          },
          { id: 'old', head: t('updates.old'), cell: (one) => one.OldVersion },
          { id: 'new', head: t('updates.new'), cell: (one) => one.Version },
          { id: 'title', head: t('field.comment'), cell: (one) => one.Title },
        ]}
      />
    </Card>
  );
}
