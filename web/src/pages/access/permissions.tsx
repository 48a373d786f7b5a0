import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { change_acl, list_acl, list_groups, list_roles, list_users } from '../../api/access';
import type { AclEntry } from '../../api/types';
import { use_t } from '../../i18n';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { all_resources } from '../../state/resources';
import { EditDialog } from '../guest/edit-dialog';
import { Crud, type DialogProps } from './crud';

const kinds = ['user', 'group', 'token'] as const;
const params_of = (entry: AclEntry) => ({
  path: entry.path,
  roles: entry.roleid,
  [`${entry.type}s`]: entry.ugid,
  propagate: entry.propagate !== 0,
});

export function Permissions() {
  const t = use_t();
  return (
    <Crud<AclEntry>
      title={t('view.permissions')}
      icon="shield"
      add={t('acl.add')}
      empty={t('acl.none')}
      query_key={['acl']}
      load={list_acl}
      editable={false}
      row_key={(one) => `${one.path} ${one.ugid} ${one.roleid}`}
      remove={(one) => change_acl({ ...params_of(one), delete: true })}
      remove_text={t('acl.remove_text')}
      columns={[
        {
          id: 'path',
          head: t('hardware.path'),
          cell: (one) => <code>{one.path}</code>,
          sort: (one) => one.path,
        },
        {
          id: 'who',
          head: t('acl.who'),
          cell: (one) => `${one.ugid} (${t(`acl.${one.type}`)})`,
          sort: (one) => one.ugid,
        },
        { id: 'role', head: t('acl.role'), cell: (one) => one.roleid, sort: (one) => one.roleid },
        {
          id: 'propagate',
          head: t('acl.propagate'),
          cell: (one) => (one.propagate === 0 ? t('state.no') : t('state.yes')),
        },
      ]}
      editor={(_edited, dialog) => <AclDialog {...dialog} />}
    />
  );
}

function paths(): string[] {
  const rows = all_resources();
  const own = rows.map((row) => {
    if (row.vmid !== undefined) return `/vms/${row.vmid}`;
    if (row.type === 'storage') return `/storage/${row.storage}`;
    return row.type === 'pool' ? `/pool/${row.pool}` : `/nodes/${row.node}`;
  });
  return ['/', '/vms', '/storage', '/nodes', '/access', '/pool', ...new Set(own)].slice(0, 500);
}

function AclDialog({ onClose, onDone }: Omit<DialogProps<AclEntry>, 'edited'>) {
  const t = use_t();
  const [path, set_path] = useState('/');
  const [kind, set_kind] = useState<(typeof kinds)[number]>('user');
  const [who, set_who] = useState('');
  const [role, set_role] = useState('');
  const [propagate, set_propagate] = useState(true);
  const users = useQuery({ queryKey: ['users'], queryFn: list_users });
  const groups = useQuery({ queryKey: ['groups'], queryFn: list_groups });
  const roles = useQuery({ queryKey: ['roles'], queryFn: list_roles });
  const names = {
    user: (users.data ?? []).map((one) => one.userid),
    group: (groups.data ?? []).map((one) => one.groupid),
    token: [],
  }[kind];
  const save = async () => {
    await change_acl({ path, roles: role, [`${kind}s`]: who, propagate });
    await onDone();
  };
  return (
    <EditDialog
      title={t('acl.add')}
      action={t('action.add')}
      ready={path.startsWith('/') && who !== '' && role !== ''}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <div className="form">
          <TextField
            label={t('hardware.path')}
            hint={t('acl.path_hint')}
            list={paths()}
            value={path}
            error={errors.path}
            onChange={set_path}
          />
          <SelectField
            label={t('acl.kind')}
            value={kind}
            onChange={(next) => {
              set_kind(next as typeof kind);
              set_who('');
            }}
            choices={kinds.map((one) => ({ value: one, text: t(`acl.${one}`) }))}
          />
          <TextField
            label={t(`acl.${kind}`)}
            hint={kind === 'token' ? t('acl.token_hint') : undefined}
            list={names}
            value={who}
            error={errors[`${kind}s`]}
            onChange={set_who}
          />
          <SelectField
            label={t('acl.role')}
            value={role}
            error={errors.roles}
            onChange={set_role}
            choices={[
              { value: '', text: '–' },
              ...(roles.data ?? []).map((one) => ({ value: one.roleid, text: one.roleid })),
            ]}
          />
          <CheckField
            whole
            label={t('acl.propagate')}
            checked={propagate}
            onChange={set_propagate}
          />
        </div>
      )}
    </EditDialog>
  );
}
