import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { change_role, create_role, list_roles, remove_role } from '../../api/access';
import type { Role } from '../../api/types';
import { use_t } from '../../i18n';
import { CheckField, TextField } from '../../kit/field';
import { EditDialog } from '../guest/edit-dialog';
import { Crud, type DialogProps } from './crud';

const split = (text: string | undefined) => (text ?? '').split(/[,\s]+/).filter(Boolean);

export function Roles() {
  const t = use_t();
  const query = useQuery({ queryKey: ['roles'], queryFn: list_roles });
  // The administrator's role holds every privilege there is.
  const all = [...new Set((query.data ?? []).flatMap((role) => split(role.privs)))].sort();
  return (
    <Crud<Role>
      title={t('view.roles')}
      icon="shield"
      add={t('roles.add')}
      empty={t('roles.none')}
      query_key={['roles']}
      load={list_roles}
      row_key={(role) => role.roleid}
      fixed={(role) => !!role.special}
      remove={(role) => remove_role(role.roleid)}
      remove_text={t('roles.remove_text')}
      columns={[
        {
          id: 'name',
          head: t('field.name'),
          cell: (role) => <b>{role.roleid}</b>,
          sort: (role) => role.roleid,
          width: '180px',
        },
        {
          id: 'built_in',
          head: t('roles.built_in'),
          cell: (role) => (role.special ? t('state.yes') : t('state.no')),
        },
        {
          id: 'privs',
          head: t('roles.privileges'),
          cell: (role) => <span className="muted">{split(role.privs).join(', ')}</span>,
        },
      ]}
      editor={(edited, dialog) => <RoleDialog edited={edited} all={all} {...dialog} />}
    />
  );
}

type Props = DialogProps<Role> & { all: string[] };

function RoleDialog({ edited, all, onClose, onDone }: Props) {
  const t = use_t();
  const [name, set_name] = useState(edited?.roleid ?? '');
  const [privs, set_privs] = useState(new Set(split(edited?.privs)));
  const toggle = (priv: string, on: boolean) => {
    const next = new Set(privs);
    if (on) next.add(priv);
    else next.delete(priv);
    set_privs(next);
  };
  const save = async () => {
    const text = [...privs].join(',');
    if (edited) await change_role(edited.roleid, text);
    else await create_role(name, text);
    await onDone();
  };
  return (
    <EditDialog
      title={edited ? t('action.edit_named', { name }) : t('roles.add')}
      action={edited ? undefined : t('action.add')}
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
            error={errors.roleid}
            onChange={set_name}
          />
          <fieldset className="checks">
            <legend className="field-label">{t('roles.privileges')}</legend>
            {all.map((priv) => (
              <CheckField
                key={priv}
                label={priv}
                checked={privs.has(priv)}
                onChange={(on) => toggle(priv, on)}
              />
            ))}
          </fieldset>
        </>
      )}
    </EditDialog>
  );
}
