// How a node, guest or storage looks in lists: its icon with a mark for its state, in words too.
import type { Resource } from '../api/types';
import { t, use_t } from '../i18n';
import { Icon, type IconName } from '../kit/icon';

export type Tone = 'good' | 'warn' | 'bad' | '';

// The same for programs that read the page, in no language.
const mark_of = (row: Resource) =>
  row.template ? 'template' : row.qmpstatus === 'paused' ? 'paused' : (row.status ?? 'unknown');

export function state_of(row: Resource): { tone: Tone; text: string } {
  const { status = 'unknown' } = row;
  if (row.lock) return { tone: 'warn', text: t('state.locked', { lock: row.lock }) };
  if (row.template) return { tone: '', text: t('state.template') };
  if (row.qmpstatus === 'paused' || status === 'paused')
    return { tone: 'warn', text: t('state.paused') };
  if (status === 'running') return { tone: 'good', text: t('state.running') };
  if (status === 'online') return { tone: 'good', text: t('state.online') };
  if (status === 'available') return { tone: 'good', text: t('state.available') };
  if (status === 'stopped') return { tone: '', text: t('state.stopped') };
  if (status === 'offline') return { tone: 'bad', text: t('state.offline') };
  return { tone: 'bad', text: t('state.unknown') };
}

export function icon_of(row: Pick<Resource, 'type' | 'template'>): IconName {
  if (row.template) return 'template';
  if (row.type === 'node') return 'server';
  if (row.type === 'lxc') return 'box';
  if (row.type === 'storage') return 'disk';
  return 'screen';
}

const marks: Record<Tone, IconName | undefined> = {
  good: 'play',
  warn: 'pause',
  bad: 'cross',
  '': undefined,
};

export function StatusIcon({ row }: { row: Resource }) {
  use_t();
  const { tone, text } = state_of(row);
  const guest = row.type === 'qemu' || row.type === 'lxc';
  const mark = row.lock ? 'lock' : guest ? marks[tone] : tone === 'bad' ? 'cross' : undefined;
  return (
    <span className={`status-icon ${tone}`} role="img" aria-label={text} title={text}>
      <Icon name={icon_of(row)} />
      {mark && (
        <span className="mark">
          <svg
            className={mark === 'play' ? 'icon filled' : 'icon'}
            viewBox="0 0 24 24"
            style={{ width: 8, height: 8, display: 'block', strokeWidth: 4 }}
          >
            <path
              d={
                mark === 'play'
                  ? 'M7 4.500v15l12-7.500z'
                  : mark === 'pause'
                    ? 'M8 5v14M16 5v14'
                    : mark === 'lock'
                      ? 'M6 11h12v9H6z'
                      : 'M6 6l12 12M18 6L6 18'
              }
            />
          </svg>
        </span>
      )}
    </span>
  );
}

export function StatusPill({ row }: { row: Resource }) {
  use_t();
  const { tone, text } = state_of(row);
  return (
    <span className={`pill ${tone}`} data-state={mark_of(row)}>
      <span className={`dot ${tone}`} />
      {text}
    </span>
  );
}

export const name_of = (row: Resource): string => {
  if (row.vmid !== undefined) return row.name ? `${row.vmid} (${row.name})` : String(row.vmid);
  return row.storage ?? row.node ?? row.id;
};
