// Where users come from. The two that a node has from its first day can be named and one of them
// be the first choice at sign-in.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { change_realm, list_realms } from '../../api/access';
import type { Realm } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { CheckField, TextField } from '../../kit/field';
import { Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { EditDialog } from '../guest/edit-dialog';

export function Realms() {
  const t = use_t();
  const query = useQuery({ queryKey: ['realms'], queryFn: list_realms });
  const [edited, set_edited] = useState<Realm>();
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Card title={t('view.realms')} flush>
      <Table<Realm>
        label={t('view.realms')}
        rows={query.data}
        row_key={(realm) => realm.realm}
        first_sort="name"
        columns={[
          {
            id: 'name',
            head: t('field.name'),
            cell: (realm) => <b>{realm.realm}</b>,
            sort: (realm) => realm.realm,
          },
          { id: 'type', head: t('field.type'), cell: (realm) => realm.type },
          {
            id: 'default',
            head: t('realms.default'),
            cell: (realm) => (realm.default ? t('state.yes') : t('state.no')),
          },
          { id: 'comment', head: t('field.comment'), cell: (realm) => realm.comment },
          {
            id: 'actions',
            head: t('field.actions'),
            actions: true,
            cell: (realm) => (
              <Button
                small
                icon="edit"
                name={t('action.edit_named', { name: realm.realm })}
                onClick={() => set_edited(realm)}
              />
            ),
          },
        ]}
      />
      {edited && <RealmDialog edited={edited} onClose={() => set_edited(undefined)} />}
    </Card>
  );
}

function RealmDialog({ edited, onClose }: { edited: Realm; onClose: () => void }) {
  const t = use_t();
  const client = useQueryClient();
  const [comment, set_comment] = useState(edited.comment ?? '');
  const [first, set_first] = useState(!!edited.default);
  const save = async () => {
    await change_realm({ realm: edited.realm, comment, default: first });
    await client.invalidateQueries({ queryKey: ['realms'] });
  };
  return (
    <EditDialog
      title={t('action.edit_named', { name: edited.realm })}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <>
          <TextField
            label={t('field.comment')}
            hint={t('realms.comment_hint')}
            value={comment}
            error={errors.comment}
            onChange={set_comment}
          />
          <CheckField label={t('realms.default')} checked={first} onChange={set_first} />
        </>
      )}
    </EditDialog>
  );
}
