// Choices that come from the node: storages for a kind of content, volumes, bridges.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { list_volumes, node_bridges, node_storages } from '../../api/nodes';
import { use_t } from '../../i18n';
import { SelectField } from '../../kit/field';
import { Failure, Notice } from '../../kit/notice';
import { format_bytes } from '../../state/format';

interface StorageProps {
  node: string;
  content: string;
  value: string;
  onChange: (value: string) => void;
  label?: string;
  error?: string | undefined;
}

export function StoragePicker({ node, content, value, onChange, label, error }: StorageProps) {
  const t = use_t();
  const query = useQuery({
    queryKey: ['storages', node, content],
    queryFn: () => node_storages(node, content),
  });
  const list = (query.data ?? []).filter((one) => one.active !== 0);
  const first = list[0]?.storage;
  useEffect(() => {
    if (!value && first) onChange(first);
  }, [value, first, onChange]);
  if (query.data && list.length === 0) {
    return <Notice tone="warn">{t('picker.no_storage', { content })}</Notice>;
  }
  return (
    <SelectField
      label={label ?? t('field.storage')}
      value={value}
      error={error ?? (query.isError ? query.error.message : undefined)}
      onChange={onChange}
      choices={list.map((one) => ({
        value: one.storage,
        text:
          one.avail === undefined
            ? one.storage
            : t('picker.storage', { name: one.storage, free: format_bytes(one.avail) }),
      }))}
    />
  );
}

interface VolumeProps extends StorageProps {
  storage: string;
  none?: string;
  hint?: string | undefined;
}

export function VolumePicker(props: VolumeProps) {
  const t = use_t();
  const { node, storage, content, value, onChange, label, error, none, hint } = props;
  const query = useQuery({
    queryKey: ['content', node, storage, content],
    queryFn: () => list_volumes(node, storage, content),
    enabled: storage !== '',
  });
  const list = query.data ?? [];
  const empty = query.data && list.length === 0;
  const how = content === 'iso' ? t('picker.no_iso') : t('picker.no_template');
  return (
    <SelectField
      label={label ?? t('field.volume')}
      value={value}
      error={error ?? (query.isError ? query.error.message : undefined)}
      hint={empty ? how : hint}
      onChange={onChange}
      choices={[
        ...(none === undefined ? [] : [{ value: '', text: none }]),
        ...list.map((one) => ({
          value: one.volid,
          text: `${one.volid.replace(/^[^:]*:(iso|vztmpl)\//, '')} (${format_bytes(one.size)})`,
        })),
      ]}
    />
  );
}

interface BridgeProps {
  node: string;
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
  optional?: boolean;
}

export function BridgePicker({ node, value, onChange, error, optional }: BridgeProps) {
  const t = use_t();
  const query = useQuery({ queryKey: ['bridges', node], queryFn: () => node_bridges(node) });
  const names = (query.data ?? []).map((one) => one.iface).sort();
  const first = names.includes('vmbr0') ? 'vmbr0' : names[0];
  useEffect(() => {
    if (!value && first && !optional) onChange(first);
  }, [value, first, onChange, optional]);
  const none = optional ? [{ value: '', text: t('picker.user_network') }] : [];
  // Such as a network that could not be made: what failed and what to do about it.
  if (query.isError) {
    return (
      <div className="whole">
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }
  return (
    <SelectField
      label={t('hardware.bridge')}
      value={value}
      error={error}
      hint={query.data && names.length === 0 ? t('picker.no_bridge') : undefined}
      onChange={onChange}
      choices={[...none, ...names.map((name) => ({ value: name, text: name }))]}
    />
  );
}
