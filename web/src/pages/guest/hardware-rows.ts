// How the settings that are hardware are named, ordered and said.
import type { Kind, PendingEntry } from '../../api/types';
import { t_known, type Translate } from '../../i18n';
import type { IconName } from '../../kit/icon';
import { disk_key, is_cdrom, mount_key, net_key, unused_key } from '../../state/props';
import type { Settings } from './use-config';

export type RowKind = 'memory' | 'cpu' | 'disk' | 'cdrom' | 'nic' | 'unused' | 'text';

export interface HardwareRow {
  key: string;
  // The settings this row stands for: CPU is three of them.
  keys: string[];
  kind: RowKind;
  icon: IconName;
  name: string;
  value: string;
  pending: string | undefined;
  removing: boolean;
}

const plain_vm: Record<string, IconName> = {
  bios: 'cpu',
  machine: 'cpu',
  vga: 'screen',
  scsihw: 'disk',
  serial0: 'terminal',
  serial1: 'terminal',
  rng0: 'bolt',
  audio0: 'gear',
};

const order: RowKind[] = ['memory', 'cpu', 'text', 'cdrom', 'disk', 'nic', 'unused'];

export function hardware_rows(settings: Settings, kind: Kind, t: Translate): HardwareRow[] {
  const { entries } = settings;
  const rows: HardwareRow[] = [];
  const get = (key: string, planned: boolean): string => {
    const entry = entries.get(key);
    if (!entry) return '';
    const value = planned ? (entry.delete ? '' : (entry.pending ?? entry.value)) : entry.value;
    return String(value ?? '');
  };
  const joined = (
    row_kind: RowKind,
    icon: IconName,
    name: string,
    keys: string[],
    text: (read: (key: string) => string) => string,
  ) => {
    const value = text((key) => get(key, false));
    const later = text((key) => get(key, true));
    rows.push({
      key: keys[0]!,
      keys,
      kind: row_kind,
      icon,
      name,
      value,
      pending: later === value ? undefined : later,
      removing: false,
    });
  };
  const vm = kind === 'qemu';
  joined('memory', 'memory', t('hardware.memory'), memory_keys(vm), (read) =>
    t(vm ? 'hardware.memory_value' : 'hardware.memory_swap_value', {
      memory: read('memory') || '512',
      swap: read('swap') || '512',
    }),
  );
  joined('cpu', 'cpu', t('hardware.cpu'), cpu_keys(vm), (read) =>
    vm
      ? t('hardware.cpu_value', {
          sockets: read('sockets') || '1',
          cores: read('cores') || '1',
          type: read('cpu') || t('hardware.cpu_default'),
        })
      : t('hardware.cores_value', { count: Number(read('cores')) || 0 }),
  );
  for (const [key, entry] of entries) {
    const found = row_kind_of(key, entry, vm);
    if (!found) continue;
    const value = String(entry.value ?? '');
    rows.push({
      key,
      keys: [key],
      kind: found.kind,
      icon: found.icon,
      name: row_name(key, found.kind, t),
      value,
      pending: entry.pending === undefined ? undefined : String(entry.pending),
      removing: !!entry.delete,
    });
  }
  const rank = (row: HardwareRow) => order.indexOf(row.kind);
  return rows.sort(
    (a, b) => rank(a) - rank(b) || a.key.localeCompare(b.key, undefined, { numeric: true }),
  );
}

export const memory_keys = (vm: boolean) => (vm ? ['memory', 'balloon'] : ['memory', 'swap']);
export const cpu_keys = (vm: boolean) => (vm ? ['cores', 'sockets', 'cpu'] : ['cores', 'cpulimit']);

function row_name(key: string, kind: RowKind, t: Translate): string {
  const plain = t_known(`hardware.name.${key.replace(/^serial\d$/, 'serial')}`, '');
  return `${plain || t(`hardware.${kind}`)} (${key})`;
}

function row_kind_of(
  key: string,
  entry: PendingEntry,
  vm: boolean,
): { kind: Exclude<RowKind, 'memory' | 'cpu'>; icon: IconName } | undefined {
  if (net_key.test(key)) return { kind: 'nic', icon: 'network' };
  if (unused_key.test(key)) return { kind: 'unused', icon: 'disk' };
  if (vm && disk_key.test(key)) {
    const cdrom = is_cdrom(String(entry.pending ?? entry.value ?? ''));
    return cdrom ? { kind: 'cdrom', icon: 'disc' } : { kind: 'disk', icon: 'disk' };
  }
  if (!vm && mount_key.test(key)) return { kind: 'disk', icon: 'disk' };
  const icon = vm ? plain_vm[key] : undefined;
  return icon ? { kind: 'text', icon } : undefined;
}
