import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { change_config, guest_key } from '../../api/guests';
import { follow } from '../../api/tasks';
import type { GuestRef } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { TextField } from '../../kit/field';
import { Icon } from '../../kit/icon';
import { all_resources } from '../../state/resources';
import { EditDialog } from './edit-dialog';

export const split_tags = (text: string | undefined) =>
  (text ?? '').split(/[;,\s]+/).filter(Boolean);

export function Tags({ text }: { text: string | undefined }) {
  const tags = split_tags(text);
  if (tags.length === 0) return <>–</>;
  return (
    <span className="row wrap">
      {tags.map((tag) => (
        <span className="tag" key={tag}>
          {tag}
        </span>
      ))}
    </span>
  );
}

export function EditableTags({ guest, text }: { guest: GuestRef; text: string | undefined }) {
  const t = use_t();
  const [open, set_open] = useState(false);
  return (
    <span className="row wrap">
      <Tags text={text} />
      <Button
        small
        variant="ghost"
        icon="edit"
        name={t('action.edit_named', { name: t('field.tags') })}
        onClick={() => set_open(true)}
      />
      {open && <TagsDialog guest={guest} text={text} onClose={() => set_open(false)} />}
    </span>
  );
}

interface DialogProps {
  guest: GuestRef;
  text: string | undefined;
  onClose: () => void;
}

function TagsDialog({ guest, text, onClose }: DialogProps) {
  const t = use_t();
  const client = useQueryClient();
  const [tags, set_tags] = useState(() => split_tags(text));
  const [typed, set_typed] = useState('');
  const known = new Set(all_resources().flatMap((row) => split_tags(row.tags)));
  // What stands in the field counts as well: it was meant.
  const all = [...new Set([...tags, ...split_tags(typed)])];
  const save = async () => {
    const params: Record<string, string> = all.length
      ? { tags: all.join(';') }
      : { delete: 'tags' };
    await follow(await change_config(guest, params));
    await client.invalidateQueries({ queryKey: guest_key(guest) });
  };
  return (
    <EditDialog title={t('field.tags')} onClose={onClose} save={save}>
      {(errors) => (
        <>
          <div className="row wrap" role="group" aria-label={t('field.tags')}>
            {tags.map((tag) => (
              <button
                key={tag}
                type="button"
                className="tag"
                aria-label={t('action.delete_named', { name: tag })}
                onClick={() => set_tags(tags.filter((one) => one !== tag))}
              >
                {tag} <Icon name="cross" />
              </button>
            ))}
          </div>
          <TextField
            label={t('tags.add')}
            hint={t('options.tags_hint')}
            name="tags"
            list={[...known].filter((one) => !all.includes(one)).sort()}
            value={typed}
            error={errors.tags}
            onChange={set_typed}
          />
        </>
      )}
    </EditDialog>
  );
}
