// Pools: guests and storages under one name, to give permissions on all of them at once.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { change_pool, create_pool, list_pools, pool_members, remove_pool } from '../../api/pools';
import type { Pool, Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Dialog } from '../../kit/dialog';
import { SelectField } from '../../kit/field';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { name_of, StatusIcon } from '../../shell/status';
import { use_form_action } from '../../state/action';
import { all_resources, is_guest } from '../../state/resources';
import { NamedList } from '../access/named';

export function Pools() {
  const t = use_t();
  const [opened, set_opened] = useState<string>();
  return (
    <>
      <NamedList<Pool, 'poolid'>
        texts={{
          title: t('view.pools'),
          add: t('pools.add'),
          empty: t('pools.none'),
          remove_text: t('pools.remove_text'),
          name_hint: t('pools.name_hint'),
        }}
        icon="box"
        name="poolid"
        query_key={['pools']}
        load={list_pools}
        create={(poolid, comment) => create_pool({ poolid, comment })}
        change={(poolid, comment) => change_pool({ poolid, comment })}
        remove={remove_pool}
        row_tools={(name) => (
          <Button
            small
            icon="list"
            name={t('pools.members_of', { name })}
            onClick={() => set_opened(name)}
          >
            {t('pools.members')}
          </Button>
        )}
      />
      {opened !== undefined && (
        <MembersDialog poolid={opened} onClose={() => set_opened(undefined)} />
      )}
    </>
  );
}

const member_id = (row: Resource) => (is_guest(row) ? String(row.vmid) : (row.storage ?? ''));

function MembersDialog({ poolid, onClose }: { poolid: string; onClose: () => void }) {
  const t = use_t();
  const client = useQueryClient();
  const key = ['pools', poolid];
  const query = useQuery({ queryKey: key, queryFn: () => pool_members(poolid) });
  const [chosen, set_chosen] = useState('');
  const { busy, error, submit } = use_form_action();
  const inside = new Set((query.data ?? []).map(member_id));
  const outside = all_resources().filter(
    (row) => (is_guest(row) || row.type === 'storage') && !inside.has(member_id(row)),
  );
  // A storage that several nodes have is one member.
  const choices = [...new Map(outside.map((row) => [member_id(row), row])).values()];
  const change = (row: Resource, gone: boolean) =>
    submit(async () => {
      const member = is_guest(row) ? { vms: member_id(row) } : { storage: member_id(row) };
      // A guest belongs to one pool: one that is in another moves.
      const how = gone ? { delete: true } : { 'allow-move': is_guest(row) || undefined };
      await change_pool({ poolid, ...member, ...how });
      await client.invalidateQueries({ queryKey: key });
      set_chosen('');
    });
  const add = () => {
    const row = choices.find((one) => member_id(one) === chosen);
    if (row) void change(row, false);
  };
  return (
    <Dialog
      wide
      title={t('pools.members_of', { name: poolid })}
      onClose={onClose}
      onSubmit={add}
      foot={
        <Button variant="primary" onClick={onClose}>
          {t('action.close')}
        </Button>
      }
    >
      <div className="row wrap end">
        <SelectField
          label={t('pools.add_member')}
          value={chosen}
          onChange={set_chosen}
          choices={[
            { value: '', text: t('wizard.choose') },
            ...choices.map((row) => ({
              value: member_id(row),
              text: row.pool
                ? t('pools.moves', { name: name_of(row), pool: row.pool })
                : name_of(row),
            })),
          ]}
        />
        <Button type="submit" icon="plus" busy={busy} disabled={chosen === ''}>
          {t('action.add')}
        </Button>
      </div>
      {error !== undefined && <Failure error={error} />}
      {query.isPending && <Loading />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <Table<Resource>
          label={t('pools.members_of', { name: poolid })}
          rows={query.data}
          row_key={(row) => row.id}
          empty={<Empty icon="box">{t('pools.empty')}</Empty>}
          columns={[
            {
              id: 'name',
              head: t('field.name'),
              cell: (row) => (
                <span className="row">
                  <StatusIcon row={row} />
                  {name_of(row)}
                </span>
              ),
              sort: name_of,
            },
            { id: 'type', head: t('field.type'), cell: (row) => row.type },
            {
              id: 'actions',
              head: t('field.actions'),
              actions: true,
              cell: (row) => (
                <Button
                  small
                  variant="danger"
                  icon="trash"
                  name={t('pools.take_out', { name: name_of(row) })}
                  onClick={() => void change(row, true)}
                />
              ),
            },
          ]}
        />
      )}
    </Dialog>
  );
}
