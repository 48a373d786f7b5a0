import { lazy, Suspense, useState } from 'react';
import { destroy_guest, power, type PowerAction } from '../../api/guests';
import { offered } from '../../api/offered';
import { note_task } from '../../api/tasks';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Confirm } from '../../kit/confirm';
import { CheckField } from '../../kit/field';
import { Menu, type MenuItem } from '../../kit/menu';
import { Notice } from '../../kit/notice';
import { use_action } from '../../state/action';
import { go } from '../../state/route';
import type { GuestProps } from './page';

const CloneDialog = lazy(() => import('./clone').then((m) => ({ default: m.CloneDialog })));
const TemplateDialog = lazy(() => import('./clone').then((m) => ({ default: m.TemplateDialog })));

type Sure = 'stop' | 'reset' | 'shutdown' | 'reboot';
type Asked = Sure | 'delete' | 'clone' | 'template';

const can_clone = {
  qemu: offered('POST /nodes/{node}/qemu/{vmid}/clone'),
  lxc: offered('POST /nodes/{node}/lxc/{vmid}/clone'),
};
const can_be_template = {
  qemu: offered('POST /nodes/{node}/qemu/{vmid}/template'),
  lxc: offered('POST /nodes/{node}/lxc/{vmid}/template'),
};

export function PowerButtons({ guest, row }: GuestProps) {
  const t = use_t();
  const { busy, run } = use_action();
  const [asked, set_asked] = useState<Asked>();
  const vm = guest.kind === 'qemu';
  const running = row.status === 'running';
  const paused = row.qmpstatus === 'paused' || row.status === 'paused';
  const go_on = (action: PowerAction) => run(() => power(guest, action));
  const close = () => set_asked(undefined);
  const is_template = row.template === 1;
  const more: MenuItem[] = [
    {
      text: t('power.reboot'),
      icon: 'restart',
      disabled: !running,
      onChoose: () => set_asked('reboot'),
    },
    ...(vm
      ? [
          {
            text: paused ? t('power.resume') : t('power.pause'),
            icon: paused ? ('play' as const) : ('pause' as const),
            disabled: !running && !paused,
            onChoose: () => void go_on(paused ? 'resume' : 'suspend'),
          },
          {
            text: t('power.reset'),
            icon: 'bolt' as const,
            disabled: !running,
            onChoose: () => set_asked('reset'),
          },
        ]
      : []),
    {
      text: t('power.stop'),
      icon: 'stop',
      danger: true,
      disabled: !running && !paused,
      onChoose: () => set_asked('stop'),
    },
    ...(can_clone[guest.kind]
      ? [
          {
            text: t('clone.menu'),
            icon: 'copy' as const,
            apart: true,
            disabled: running,
            title: running ? t('template.stop_first') : undefined,
            onChoose: () => set_asked('clone'),
          },
        ]
      : []),
    ...(can_be_template[guest.kind] && !is_template
      ? [
          {
            text: t('template.menu'),
            icon: 'template' as const,
            disabled: running,
            title: running ? t('template.stop_first') : undefined,
            onChoose: () => set_asked('template'),
          },
        ]
      : []),
    {
      text: t('power.delete'),
      icon: 'trash',
      danger: true,
      apart: true,
      disabled: running,
      title: running ? t('power.delete_stop_first') : undefined,
      onChoose: () => set_asked('delete'),
    },
  ];
  return (
    <div className="row wrap" role="group" aria-label={t('power.label')}>
      <Button
        variant={running ? 'plain' : 'primary'}
        icon="play"
        busy={busy && !running}
        disabled={running || !!row.template}
        onClick={() => void go_on('start')}
      >
        {t('power.start')}
      </Button>
      <Button icon="power" disabled={!running} onClick={() => set_asked('shutdown')}>
        {t('power.shutdown')}
      </Button>
      <Button
        icon="terminal"
        disabled={!running}
        onClick={() => go(`/${guest.kind}/${guest.vmid}/console`)}
      >
        {t('view.console')}
      </Button>
      <Menu name={t('power.more')} icon="down" items={more} />
      <Suspense>
        {asked && <Question guest={guest} row={row} asked={asked} onClose={close} />}
      </Suspense>
    </div>
  );
}

function Question({
  guest,
  row,
  asked,
  onClose,
}: GuestProps & { asked: Asked; onClose: () => void }) {
  const t = use_t();
  const shared = { guest, row, onClose };
  if (asked === 'delete') return <DeleteDialog {...shared} />;
  if (asked === 'clone') return <CloneDialog {...shared} />;
  if (asked === 'template') return <TemplateDialog {...shared} />;
  return (
    <Confirm
      title={t(`power.${asked}_title`, { name: `${guest.vmid} ${row.name ?? ''}` })}
      action={t(`power.${asked}`)}
      danger={asked === 'stop' || asked === 'reset'}
      onClose={onClose}
      // The answer is the task; what becomes of it is seen in the list below.
      onConfirm={async () => note_task(await power(guest, asked))}
    >
      <p>{t(`power.${asked}_text`)}</p>
    </Confirm>
  );
}

function DeleteDialog({ guest, row, onClose }: GuestProps & { onClose: () => void }) {
  const t = use_t();
  const [purge, set_purge] = useState(true);
  const [unreferenced, set_unreferenced] = useState(true);
  return (
    <Confirm
      title={t('power.delete_title', { name: `${guest.vmid} ${row.name ?? ''}` })}
      action={t('power.delete')}
      danger
      typed={String(guest.vmid)}
      onClose={onClose}
      onConfirm={async () => {
        const params = { purge, 'destroy-unreferenced-disks': unreferenced };
        note_task(await destroy_guest(guest, params));
        go(`/node/${guest.node}`);
      }}
    >
      <Notice tone="warn">{t('power.delete_text')}</Notice>
      <CheckField label={t('power.delete_purge')} checked={purge} onChange={set_purge} />
      <CheckField
        label={t('power.delete_unreferenced')}
        checked={unreferenced}
        onChange={set_unreferenced}
      />
    </Confirm>
  );
}
