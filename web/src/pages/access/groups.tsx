import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { change_group, create_group, list_groups, remove_group } from '../../api/access';
import type { Group } from '../../api/types';
import { use_t } from '../../i18n';
import { TextField } from '../../kit/field';
import { EditDialog } from '../guest/edit-dialog';
import { Crud } from './crud';

export function Groups() {
  const t = use_t();
  const client = useQueryClient();
  const query = useQuery({ queryKey: ['groups'], queryFn: list_groups });
  const refresh = () => client.invalidateQueries({ queryKey: ['groups'] });
  return (
    <Crud<Group>
      title={t('view.groups')}
      icon="users"
      add={t('groups.add')}
      empty={t('groups.none')}
      query={query}
      row_key={(group) => group.groupid}
      remove={async (group) => {
        await remove_group(group.groupid);
        await refresh();
      }}
      remove_text={t('groups.remove_text')}
      columns={[
        {
          id: 'name',
          head: t('field.name'),
          cell: (group) => <b>{group.groupid}</b>,
          sort: (group) => group.groupid,
        },
        {
          id: 'users',
          head: t('view.users'),
          cell: (group) => group.users?.split(',').join(', '),
        },
        { id: 'comment', head: t('field.comment'), cell: (group) => group.comment },
      ]}
      editor={(edited, close) => <GroupDialog edited={edited} onClose={close} onDone={refresh} />}
    />
  );
}

interface Props {
  edited: Group | undefined;
  onClose: () => void;
  onDone: () => Promise<void>;
}

function GroupDialog({ edited, onClose, onDone }: Props) {
  const t = use_t();
  const [name, set_name] = useState(edited?.groupid ?? '');
  const [comment, set_comment] = useState(edited?.comment ?? '');
  const save = async () => {
    if (edited) await change_group(edited.groupid, comment);
    else await create_group(name, comment || undefined);
    await onDone();
  };
  return (
    <EditDialog
      title={edited ? t('action.edit_named', { name }) : t('groups.add')}
      ready={name !== ''}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <>
          <TextField
            label={t('field.name')}
            value={name}
            disabled={!!edited}
            error={errors.groupid}
            onChange={set_name}
          />
          <TextField
            label={t('field.comment')}
            value={comment}
            error={errors.comment}
            onChange={set_comment}
          />
        </>
      )}
    </EditDialog>
  );
}
