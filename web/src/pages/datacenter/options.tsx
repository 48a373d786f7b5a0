import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get_options, set_options, type DatacenterOptions } from '../../api/machine';
import { use_t, type Key } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { TextField } from '../../kit/field';
import { Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { EditDialog } from '../guest/edit-dialog';
import { set_or_delete } from '../guest/edit-simple';

interface Option {
  key: string;
  name: Key;
  hint?: Key;
  long?: boolean;
}

const options: Option[] = [
  { key: 'description', name: 'guest.notes', long: true },
  { key: 'keyboard', name: 'dc.keyboard', hint: 'dc.keyboard_hint' },
  { key: 'mac_prefix', name: 'dc.mac_prefix', hint: 'dc.mac_prefix_hint' },
  { key: 'next-id', name: 'dc.next_id', hint: 'dc.next_id_hint' },
  { key: 'email_from', name: 'dc.email_from' },
  { key: 'http_proxy', name: 'dc.http_proxy', hint: 'dc.http_proxy_hint' },
  { key: 'registered-tags', name: 'dc.registered_tags', hint: 'options.tags_hint' },
];

// Property strings leave the server taken apart.
function text_of(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(text_of).join(';');
  if (typeof value !== 'object') return String(value as string | number);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${text_of(one)}`)
    .join(',');
}

export function Options() {
  const t = use_t();
  const query = useQuery({ queryKey: ['options'], queryFn: get_options });
  const [edited, set_edited] = useState<Option>();
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Card title={t('view.options')} flush>
      <Table<Option>
        label={t('view.options')}
        rows={options}
        row_key={(one) => one.key}
        columns={[
          { id: 'name', head: t('field.setting'), cell: (one) => <b>{t(one.name)}</b> },
          {
            id: 'value',
            head: t('field.value'),
            cell: (one) => <span className="pre">{text_of(query.data[one.key]) || '–'}</span>,
          },
          {
            id: 'actions',
            head: t('field.actions'),
            actions: true,
            cell: (one) => (
              <Button
                small
                icon="edit"
                name={t('action.edit_named', { name: t(one.name) })}
                onClick={() => set_edited(one)}
              >
                {t('action.edit')}
              </Button>
            ),
          },
        ]}
      />
      {edited && (
        <OptionDialog option={edited} now={query.data} onClose={() => set_edited(undefined)} />
      )}
    </Card>
  );
}

interface DialogProps {
  option: Option;
  now: DatacenterOptions;
  onClose: () => void;
}

function OptionDialog({ option, now, onClose }: DialogProps) {
  const t = use_t();
  const client = useQueryClient();
  const [text, set_text] = useState(text_of(now[option.key]));
  const save = async () => {
    await set_options(set_or_delete({ [option.key]: text.trim() }));
    await client.invalidateQueries({ queryKey: ['options'] });
  };
  return (
    <EditDialog title={t(option.name)} onClose={onClose} save={save}>
      {(errors) => (
        <TextField
          label={t(option.name)}
          hint={option.hint && t(option.hint)}
          rows={option.long ? 6 : undefined}
          value={text}
          error={errors[option.key]}
          onChange={set_text}
        />
      )}
    </EditDialog>
  );
}
