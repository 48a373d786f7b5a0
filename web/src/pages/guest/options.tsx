import { useState } from 'react';
import type { Kind } from '../../api/types';
import { use_t, type Key, type Translate } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { Failure, Loading, Notice } from '../../kit/notice';
import { Table } from '../../kit/table';
import { use_action } from '../../state/action';
import { parse_props } from '../../state/props';
import { BootOrderDialog } from './edit-boot';
import { EditDialog, type EditProps } from './edit-dialog';
import { save_changed } from './edit-simple';
import type { GuestProps } from './page';
import { system_choices, system_name } from './systems';
import { split_tags } from './tags';
import { planned, use_config, type Settings } from './use-config';

interface Option {
  key: string;
  name: Key;
  form: 'text' | 'check' | 'long' | 'boot' | 'system';
  hint?: Key;
}

const vm_options: Option[] = [
  { key: 'name', name: 'field.name', form: 'text', hint: 'options.name_hint' },
  { key: 'onboot', name: 'options.onboot', form: 'check' },
  { key: 'startup', name: 'options.startup', form: 'text', hint: 'options.startup_hint' },
  { key: 'boot', name: 'options.boot', form: 'boot' },
  { key: 'agent', name: 'options.agent', form: 'check', hint: 'options.agent_hint' },
  { key: 'ostype', name: 'field.ostype', form: 'system' },
  { key: 'tags', name: 'field.tags', form: 'text', hint: 'options.tags_hint' },
  { key: 'description', name: 'guest.notes', form: 'long' },
  { key: 'protection', name: 'options.protection', form: 'check', hint: 'options.protection_hint' },
  { key: 'kvm', name: 'options.kvm', form: 'check', hint: 'options.kvm_hint' },
];

const ct_options: Option[] = [
  { key: 'hostname', name: 'field.hostname', form: 'text', hint: 'options.name_hint' },
  { key: 'onboot', name: 'options.onboot', form: 'check' },
  { key: 'startup', name: 'options.startup', form: 'text', hint: 'options.startup_hint' },
  { key: 'nameserver', name: 'options.nameserver', form: 'text' },
  { key: 'searchdomain', name: 'options.searchdomain', form: 'text' },
  { key: 'features', name: 'options.features', form: 'text', hint: 'options.features_hint' },
  { key: 'tags', name: 'field.tags', form: 'text', hint: 'options.tags_hint' },
  { key: 'description', name: 'guest.notes', form: 'long' },
  { key: 'protection', name: 'options.protection', form: 'check', hint: 'options.protection_hint' },
];

// On when nothing is said.
const on_by_default = new Set(['kvm']);

function is_on(key: string, text: string): boolean {
  if (text === '') return on_by_default.has(key);
  const { bare, keys } = parse_props(text);
  return ['1', 'on', 'yes', 'true'].includes(bare ?? keys.get('enabled') ?? '');
}

function shown(option: Option, text: string, t: Translate): string {
  if (option.form === 'check') return is_on(option.key, text) ? t('state.yes') : t('state.no');
  if (option.form === 'system' && text) return system_name(text);
  if (option.key === 'tags') return split_tags(text).join(', ') || '–';
  return text || '–';
}

export const options_of = (kind: Kind) => (kind === 'qemu' ? vm_options : ct_options);

export function Options({ guest }: GuestProps) {
  const t = use_t();
  const { query, change } = use_config(guest);
  const [edited, set_edited] = useState<Option>();
  const { busy, run } = use_action();
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const settings = query.data;
  const is_pending = (option: Option) => {
    const entry = settings.entries.get(option.key);
    return !!entry && (entry.pending !== undefined || !!entry.delete);
  };
  const options = options_of(guest.kind);
  const shared = { guest, settings, change, onClose: () => set_edited(undefined) };
  return (
    <div className="stack">
      {options.some(is_pending) && <Notice tone="warn">{t('hardware.pending_notice')}</Notice>}
      <Card title={t('view.options')} flush>
        <Table<Option>
          label={t('view.options')}
          rows={options}
          row_key={(option) => option.key}
          row_class={(option) => (is_pending(option) ? 'pending' : undefined)}
          columns={[
            {
              id: 'name',
              head: t('field.setting'),
              width: '260px',
              cell: (option) => <b>{t(option.name)}</b>,
            },
            {
              id: 'value',
              head: t('field.value'),
              cell: (option) => <Value option={option} settings={settings} />,
            },
            {
              id: 'actions',
              head: t('field.actions'),
              actions: true,
              cell: (option) => (
                <>
                  {is_pending(option) && (
                    <Button
                      small
                      icon="undo"
                      busy={busy}
                      onClick={() => void run(() => change({ revert: option.key }))}
                    >
                      {t('hardware.revert')}
                    </Button>
                  )}{' '}
                  <Button
                    small
                    icon="edit"
                    name={t('action.edit_named', { name: t(option.name) })}
                    onClick={() => set_edited(option)}
                  >
                    {t('action.edit')}
                  </Button>
                </>
              ),
            },
          ]}
        />
      </Card>
      {edited?.form === 'boot' && <BootOrderDialog {...shared} />}
      {edited && edited.form !== 'boot' && <OptionDialog {...shared} option={edited} />}
    </div>
  );
}

function Value({ option, settings }: { option: Option; settings: Settings }) {
  const t = use_t();
  const entry = settings.entries.get(option.key);
  const now = shown(option, String(entry?.value ?? ''), t);
  return (
    <>
      <span className="pre">{now}</span>
      {entry?.delete ? <div className="pending-new">{t('hardware.will_go')}</div> : null}
      {entry?.pending !== undefined && (
        <div className="pending-new pre">
          {t('hardware.will_be', { value: shown(option, String(entry.pending), t) })}
        </div>
      )}
    </>
  );
}

function OptionDialog(props: EditProps & { option: Option }) {
  const t = use_t();
  const { option, settings, onClose } = props;
  const before = planned(settings, option.key);
  const [text, set_text] = useState(before);
  const [on, set_on] = useState(is_on(option.key, before));
  const value = () => {
    if (option.form !== 'check') return text;
    // The agent's other settings (fstrim, type) stay as they are.
    const { keys } = parse_props(before);
    keys.delete('enabled');
    const rest = [...keys].map(([key, one]) => `,${key}=${one}`).join('');
    return `${on ? '1' : '0'}${rest}`;
  };
  const hint = option.hint && t(option.hint);
  return (
    <EditDialog
      title={t(option.name)}
      onClose={onClose}
      save={() => save_changed(props, { [option.key]: value() })}
    >
      {(errors) =>
        option.form === 'check' ? (
          <CheckField label={t(option.name)} hint={hint} checked={on} onChange={set_on} />
        ) : option.form === 'system' ? (
          <SelectField
            label={t(option.name)}
            value={text || 'other'}
            error={errors[option.key]}
            onChange={set_text}
            choices={system_choices(t)}
          />
        ) : (
          <TextField
            label={t(option.name)}
            hint={hint}
            rows={option.form === 'long' ? 6 : undefined}
            value={text}
            error={errors[option.key]}
            onChange={set_text}
          />
        )
      }
    </EditDialog>
  );
}
