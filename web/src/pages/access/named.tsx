// A list of things that have a name and a comment and nothing else to edit: groups, pools.
import type { ReactNode } from 'react';
import { useState } from 'react';
import { use_t } from '../../i18n';
import { TextField } from '../../kit/field';
import type { IconName } from '../../kit/icon';
import type { Column } from '../../kit/table';
import { EditDialog } from '../guest/edit-dialog';
import { Crud, type DialogProps } from './crud';

interface Named {
  comment?: string;
}

interface Texts {
  title: string;
  add: string;
  empty: string;
  remove_text: string;
  name_hint?: string;
}

interface Props<Row extends Named, Key extends keyof Row & string> {
  texts: Texts;
  icon: IconName;
  // The member that holds the name; refusals of it bear its name, too.
  name: Key;
  query_key: string[];
  load: () => Promise<Row[]>;
  create: (name: string, comment: string | undefined) => Promise<unknown>;
  change: (name: string, comment: string) => Promise<unknown>;
  remove: (name: string) => Promise<unknown>;
  columns?: Column<Row>[];
  row_tools?: (name: string) => ReactNode;
}

export function NamedList<Row extends Named, Key extends keyof Row & string>(
  props: Props<Row, Key>,
) {
  const t = use_t();
  const { texts, icon, name, query_key, load, columns = [], row_tools } = props;
  const name_of = (row: Row) => String(row[name]);
  return (
    <Crud<Row>
      {...texts}
      icon={icon}
      query_key={query_key}
      load={load}
      row_key={name_of}
      remove={(row) => props.remove(name_of(row))}
      row_tools={row_tools && ((row) => row_tools(name_of(row)))}
      columns={[
        {
          id: 'name',
          head: t('field.name'),
          cell: (row) => <b>{name_of(row)}</b>,
          sort: name_of,
        },
        ...columns,
        { id: 'comment', head: t('field.comment'), cell: (row) => row.comment },
      ]}
      editor={(edited, dialog) => <NameDialog {...props} {...dialog} edited={edited} />}
    />
  );
}

function NameDialog<Row extends Named, Key extends keyof Row & string>(
  props: Props<Row, Key> & DialogProps<Row>,
) {
  const t = use_t();
  const { texts, name: key, edited, create, change, onClose, onDone } = props;
  const [name, set_name] = useState(edited ? String(edited[key]) : '');
  const [comment, set_comment] = useState(edited?.comment ?? '');
  const save = async () => {
    if (edited) await change(name, comment);
    else await create(name, comment || undefined);
    await onDone();
  };
  return (
    <EditDialog
      title={edited ? t('action.edit_named', { name }) : texts.add}
      action={edited ? undefined : t('action.add')}
      ready={name !== ''}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <div className="form">
          <TextField
            label={t('field.name')}
            hint={texts.name_hint}
            value={name}
            disabled={!!edited}
            error={errors[key]}
            onChange={set_name}
          />
          <TextField
            label={t('field.comment')}
            value={comment}
            error={errors.comment}
            onChange={set_comment}
          />
        </div>
      )}
    </EditDialog>
  );
}
