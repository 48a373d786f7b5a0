import { useState } from 'react';
import {
  change_definition,
  create_definition,
  list_definitions,
  remove_definition,
} from '../../api/nodes';
import type { StorageDefinition } from '../../api/types';
import { use_t } from '../../i18n';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { Crud, type DialogProps } from '../access/crud';
import { EditDialog } from '../guest/edit-dialog';
import { content_kinds, content_words } from '../storage/content-kinds';

// The kinds of storage that this version has a driver for.
const types = ['dir'] as const;
type StorageType = (typeof types)[number];

export function Definitions() {
  const t = use_t();
  return (
    <Crud<StorageDefinition>
      title={t('view.storage')}
      icon="disk"
      add={t('storage.add')}
      empty={t('storage.none')}
      query_key={['definitions']}
      load={list_definitions}
      row_key={(one) => one.storage}
      remove={(one) => remove_definition(one.storage)}
      remove_text={t('storage.remove_text')}
      columns={[
        {
          id: 'id',
          head: 'ID',
          cell: (one) => <b>{one.storage}</b>,
          sort: (one) => one.storage,
        },
        { id: 'type', head: t('field.type'), cell: (one) => one.type, sort: (one) => one.type },
        {
          id: 'content',
          head: t('field.content'),
          cell: (one) => content_words(one.content, t),
        },
        { id: 'path', head: t('hardware.path'), cell: (one) => one.path },
        {
          id: 'enabled',
          head: t('field.enabled'),
          cell: (one) => (one.disable ? t('state.no') : t('state.yes')),
        },
      ]}
      editor={(edited, dialog) => <DefinitionDialog edited={edited} {...dialog} />}
    />
  );
}

function DefinitionDialog({ edited, onClose, onDone }: DialogProps<StorageDefinition>) {
  const t = use_t();
  const [id, set_id] = useState(edited?.storage ?? '');
  const [type, set_type] = useState((edited?.type ?? 'dir') as StorageType);
  const [path, set_path] = useState(edited?.path ?? '');
  const [nodes, set_nodes] = useState(edited?.nodes ?? '');
  const [enabled, set_enabled] = useState(!edited?.disable);
  const [content, set_content] = useState(
    new Set((edited?.content ?? 'images,rootdir,iso,vztmpl').split(',').filter(Boolean)),
  );
  const toggle = (kind: string, on: boolean) => {
    const next = new Set(content);
    if (on) next.add(kind);
    else next.delete(kind);
    set_content(next);
  };
  const save = async () => {
    const shared = {
      content: [...content].join(',') || 'none',
      nodes: nodes || undefined,
      disable: enabled ? (edited?.disable ? false : undefined) : true,
    };
    if (edited) {
      const gone = !nodes && edited.nodes ? 'nodes' : undefined;
      await change_definition({
        ...shared,
        storage: id,
        delete: gone,
        digest: edited.digest,
      });
    } else {
      await create_definition({ ...shared, storage: id, type, path: path || undefined });
    }
    await onDone();
  };
  return (
    <EditDialog
      title={edited ? t('action.edit_named', { name: id }) : t('storage.add')}
      action={edited ? undefined : t('action.add')}
      ready={id !== '' && (type !== 'dir' || path !== '')}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <div className="form">
          <TextField
            label="ID"
            value={id}
            disabled={!!edited}
            error={errors.storage}
            onChange={set_id}
          />
          <SelectField
            label={t('field.type')}
            value={type}
            disabled={!!edited}
            error={errors.type}
            onChange={(next) => set_type(next as StorageType)}
            choices={types.map((one) => ({ value: one, text: t(`storage.type.${one}`) }))}
          />
          <TextField
            whole
            label={t('storage.path')}
            hint={t('storage.path_hint')}
            value={path}
            disabled={!!edited}
            error={errors.path}
            onChange={set_path}
          />
          <fieldset className="whole checks">
            <legend className="field-label">{t('field.content')}</legend>
            {Object.entries(content_kinds).map(([kind, name]) => (
              <CheckField
                key={kind}
                label={t(name)}
                checked={content.has(kind)}
                onChange={(on) => toggle(kind, on)}
              />
            ))}
          </fieldset>
          <TextField
            label={t('storage.nodes')}
            hint={t('storage.nodes_hint')}
            value={nodes}
            error={errors.nodes}
            onChange={set_nodes}
          />
          <CheckField label={t('field.enabled')} checked={enabled} onChange={set_enabled} />
        </div>
      )}
    </EditDialog>
  );
}
