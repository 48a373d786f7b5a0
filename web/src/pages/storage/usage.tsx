import type { Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { Meter } from '../../kit/meter';
import { format_bytes } from '../../state/format';

type Size = Pick<Resource, 'disk' | 'maxdisk'>;

export const used_share = ({ disk, maxdisk }: Size) =>
  maxdisk ? (disk ?? 0) / maxdisk : undefined;

export function StorageUsage({ row, label }: { row: Size; label: string }) {
  const t = use_t();
  const text = t('node.used_of', {
    used: format_bytes(row.disk),
    total: format_bytes(row.maxdisk),
  });
  return <Meter label={label} fraction={used_share(row)} text={text} />;
}
