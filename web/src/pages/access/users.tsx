import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  change_user,
  create_user,
  list_groups,
  list_realms,
  list_users,
  remove_user,
} from '../../api/access';
import type { User } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { EditDialog } from '../guest/edit-dialog';
import { Crud, type DialogProps } from './crud';
import { PasswordDialog } from './password';

const group_text = (groups: User['groups']) =>
  Array.isArray(groups) ? groups.join(',') : (groups ?? '');

export function Users() {
  const t = use_t();
  const [password_of, set_password_of] = useState<string>();
  return (
    <>
      <Crud<User>
        title={t('view.users')}
        icon="users"
        add={t('users.add')}
        empty={t('users.none')}
        query_key={['users']}
        load={list_users}
        row_key={(user) => user.userid}
        remove={(user) => remove_user(user.userid)}
        remove_text={t('users.remove_text')}
        row_tools={(user) =>
          user.userid.endsWith('@pve') && (
            <Button
              small
              icon="key"
              name={t('users.password_of', { user: user.userid })}
              onClick={() => set_password_of(user.userid)}
            />
          )
        }
        columns={[
          {
            id: 'user',
            head: t('field.user'),
            cell: (user) => <b>{user.userid}</b>,
            sort: (user) => user.userid,
          },
          {
            id: 'name',
            head: t('field.name'),
            cell: (user) => [user.firstname, user.lastname].filter(Boolean).join(' '),
          },
          { id: 'mail', head: t('users.email'), cell: (user) => user.email },
          { id: 'groups', head: t('view.groups'), cell: (user) => group_text(user.groups) },
          {
            id: 'enabled',
            head: t('field.enabled'),
            cell: (user) => (user.enable === 0 ? t('state.no') : t('state.yes')),
          },
          { id: 'comment', head: t('field.comment'), cell: (user) => user.comment },
        ]}
        editor={(edited, dialog) => <UserDialog edited={edited} {...dialog} />}
      />
      {password_of && (
        <PasswordDialog userid={password_of} onClose={() => set_password_of(undefined)} />
      )}
    </>
  );
}

function UserDialog({ edited, onClose, onDone }: DialogProps<User>) {
  const t = use_t();
  const [name, set_name] = useState('');
  const [realm, set_realm] = useState('pve');
  const [password, set_password] = useState('');
  const [first, set_first] = useState(edited?.firstname ?? '');
  const [last, set_last] = useState(edited?.lastname ?? '');
  const [email, set_email] = useState(edited?.email ?? '');
  const [groups, set_groups] = useState(group_text(edited?.groups));
  const [comment, set_comment] = useState(edited?.comment ?? '');
  const [enabled, set_enabled] = useState(edited?.enable !== 0);
  const realms = useQuery({ queryKey: ['realms'], queryFn: list_realms });
  const known_groups = useQuery({ queryKey: ['groups'], queryFn: list_groups });
  const save = async () => {
    const shared = { email, comment, groups, enable: enabled, firstname: first, lastname: last };
    if (edited) await change_user(edited.userid, shared);
    else {
      const filled = Object.fromEntries(Object.entries(shared).filter(([, v]) => v !== ''));
      const userid = `${name}@${realm}`;
      await create_user({ ...filled, userid, password: realm === 'pve' ? password : undefined });
    }
    await onDone();
  };
  return (
    <EditDialog
      title={edited ? t('action.edit_named', { name: edited.userid }) : t('users.add')}
      action={edited ? undefined : t('action.add')}
      ready={!!edited || (name !== '' && (realm !== 'pve' || password !== ''))}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <div className="form">
          {!edited && (
            <>
              <TextField
                label={t('signin.user')}
                value={name}
                error={errors.userid}
                onChange={set_name}
                autoComplete="off"
              />
              <SelectField
                label={t('signin.realm')}
                value={realm}
                onChange={set_realm}
                choices={(realms.data ?? []).map((one) => ({
                  value: one.realm,
                  text: one.realm,
                }))}
              />
              {realm === 'pve' && (
                <TextField
                  whole
                  label={t('signin.password')}
                  hint={t('users.password_hint')}
                  type="password"
                  value={password}
                  error={errors.password}
                  onChange={set_password}
                  autoComplete="new-password"
                />
              )}
            </>
          )}
          <TextField label={t('users.first')} value={first} onChange={set_first} />
          <TextField label={t('users.last')} value={last} onChange={set_last} />
          <TextField
            label={t('users.email')}
            type="email"
            value={email}
            error={errors.email}
            onChange={set_email}
          />
          <TextField
            label={t('view.groups')}
            hint={t('users.groups_hint')}
            list={(known_groups.data ?? []).map((one) => one.groupid)}
            value={groups}
            error={errors.groups}
            onChange={set_groups}
          />
          <TextField
            whole
            label={t('field.comment')}
            value={comment}
            error={errors.comment}
            onChange={set_comment}
          />
          <CheckField label={t('field.enabled')} checked={enabled} onChange={set_enabled} />
        </div>
      )}
    </EditDialog>
  );
}
