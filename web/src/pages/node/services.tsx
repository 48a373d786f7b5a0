import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { list_services, run_service, type Service, type ServiceAction } from '../../api/machine';
import { follow } from '../../api/tasks';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Confirm } from '../../kit/confirm';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { use_action } from '../../state/action';

export function NodeServices({ node }: { node: string }) {
  const t = use_t();
  const query = useQuery({
    queryKey: ['node', node, 'services'],
    queryFn: () => list_services(node),
  });
  const { busy, run } = use_action();
  const [asked, set_asked] = useState<{ service: string; action: 'stop' | 'restart' }>();
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const act = async (service: string, action: ServiceAction) => {
    await follow(await run_service(node, service, action));
    await query.refetch();
  };
  return (
    <Card
      title={t('view.services')}
      flush
      tools={
        <Button small icon="restart" onClick={() => void query.refetch()}>
          {t('action.refresh')}
        </Button>
      }
    >
      <Table<Service>
        label={t('view.services')}
        rows={query.data.filter((one) => one['unit-state'] !== 'not-found')}
        row_key={(one) => one.service}
        first_sort="name"
        empty={<Empty icon="gear">{t('services.none')}</Empty>}
        columns={[
          {
            id: 'name',
            head: t('field.name'),
            cell: (one) => <b>{one.service}</b>,
            sort: (one) => one.service,
          },
          {
            id: 'state',
            head: t('field.status'),
            cell: (one) => `${one['active-state'] ?? '–'} (${one.state ?? '–'})`,
            sort: (one) => one['active-state'] ?? '',
          },
          { id: 'unit', head: t('services.unit'), cell: (one) => one['unit-state'] ?? '–' },
          { id: 'text', head: t('field.comment'), cell: (one) => one.desc },
          {
            id: 'actions',
            head: t('field.actions'),
            actions: true,
            cell: ({ service, 'active-state': active }) =>
              active === 'active' ? (
                <>
                  <Button
                    small
                    icon="restart"
                    name={t('services.restart_named', { name: service })}
                    onClick={() => set_asked({ service, action: 'restart' })}
                  />{' '}
                  <Button
                    small
                    variant="danger"
                    icon="stop"
                    name={t('services.stop_named', { name: service })}
                    onClick={() => set_asked({ service, action: 'stop' })}
                  />
                </>
              ) : (
                <Button
                  small
                  icon="play"
                  busy={busy}
                  name={t('services.start_named', { name: service })}
                  onClick={() => void run(() => act(service, 'start'))}
                />
              ),
          },
        ]}
      />
      {asked && (
        <Confirm
          title={t(`services.${asked.action}_named`, { name: asked.service })}
          action={t(`services.${asked.action}`)}
          danger
          onClose={() => set_asked(undefined)}
          onConfirm={() => act(asked.service, asked.action)}
        >
          <p>{t('services.text')}</p>
        </Confirm>
      )}
    </Card>
  );
}
