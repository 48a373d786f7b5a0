import type { Config } from '../../api/guests';
import type { GuestStatus, Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { peek_resource } from '../../state/resources';

interface Props {
  row: Resource;
  status: GuestStatus | undefined;
  config: Config | undefined;
}

// Which one runs the guest's processor: the machine's own (KVM) or emulation (TCG), which is many
// times slower and worth a warning colour.
export function Acceleration({ row, status, config }: Props) {
  const t = use_t();
  const node = peek_resource(`node/${row.node}`);
  const said = status?.acceleration ?? row.acceleration;
  const planned = String(config?.kvm) === '0' ? 'tcg' : node?.acceleration;
  const name = (said ?? planned)?.toLowerCase();
  if (!name) return <>–</>;
  return (
    <span className="row wrap">
      <span className={`pill ${name === 'kvm' ? 'good' : 'warn'}`} data-acceleration={name}>
        {name.toUpperCase()}
      </span>
      <span className="muted">{name === 'kvm' ? t('guest.kvm') : t('guest.tcg')}</span>
    </span>
  );
}

export function HaState({ row }: { row: Resource }) {
  const t = use_t();
  const state = (row as Resource & { hastate?: string }).hastate;
  return <>{state ?? t('guest.no_ha')}</>;
}
