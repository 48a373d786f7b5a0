// A new virtual machine in five steps with an answer ready in each of them.
import { useMemo } from 'react';
import { create_vm } from '../api/guests';
import { note_task } from '../api/tasks';
import { use_t } from '../i18n';
import { use_form_action } from '../state/action';
import { go } from '../state/route';
import { use_guest_form } from './defaults';
import { Review, WizardFrame, type Step } from './frame';
import { first_general, general_problems, GeneralStep, type General } from './general';
import { CpuMemoryStep, DiskStep, MediumStep, NetworkStep } from './vm-steps';

export interface VmForm extends General {
  medium: 'iso' | 'none';
  iso_storage: string;
  iso: string;
  ostype: string;
  bios: string;
  machine: string;
  sockets: string;
  cores: string;
  cpu: string;
  memory: string;
  disk: boolean;
  bus: string;
  storage: string;
  size: string;
  format: string;
  network: boolean;
  bridge: string;
  model: string;
  agent: boolean;
  serial: boolean;
}

const first: VmForm = {
  ...first_general,
  medium: 'iso',
  iso_storage: '',
  iso: '',
  ostype: 'l26',
  bios: 'seabios',
  machine: 'q35',
  sockets: '1',
  cores: '2',
  cpu: '',
  memory: '2048',
  disk: true,
  bus: 'scsi',
  storage: '',
  size: '32',
  format: '',
  network: true,
  bridge: '',
  model: 'virtio',
  agent: true,
  serial: true,
};

export function vm_params(form: VmForm): Record<string, string> {
  const out: Record<string, string> = {
    vmid: form.vmid,
    ostype: form.ostype,
    machine: form.machine,
    bios: form.bios,
    sockets: form.sockets,
    cores: form.cores,
    memory: form.memory,
  };
  const drives: string[] = [];
  if (form.disk) {
    const key = `${form.bus}0`;
    out[key] = `${form.storage}:${form.size}${form.format ? `,format=${form.format}` : ''}`;
    if (form.bus === 'scsi') out.scsihw = 'virtio-scsi-pci';
    drives.push(key);
  }
  const cdrom = 'ide2';
  if (form.medium === 'iso' && form.iso) {
    out[cdrom] = `${form.iso},media=cdrom`;
    drives.push(cdrom);
  }
  if (form.bios === 'ovmf' && form.storage) out.efidisk0 = `${form.storage}:1,efitype=4m`;
  if (form.network) {
    out.net0 = [form.model, form.bridge && `bridge=${form.bridge}`].filter(Boolean).join(',');
    drives.push('net0');
  }
  if (drives.length > 0) out.boot = `order=${drives.join(';')}`;
  if (form.name) out.name = form.name;
  if (form.tags) out.tags = form.tags;
  if (form.cpu) out.cpu = form.cpu;
  if (form.agent) out.agent = '1';
  if (form.serial) out.serial0 = 'socket';
  if (form.onboot) out.onboot = '1';
  if (form.start) out.start = '1';
  return out;
}

export function VmWizard({ onClose }: { onClose: () => void }) {
  const t = use_t();
  const { form, set } = use_guest_form(first, { storage: 'images', iso_storage: 'iso' });
  const { busy, error, errors, submit } = use_form_action();
  const params = useMemo(() => vm_params(form), [form]);
  const problems = general_problems(form, 'qemu');
  const shared = { form, set, errors };
  const steps: Step[] = [
    {
      id: 'general',
      text: t('wizard.general'),
      fields: /^(node|vmid|name|tags|start|onboot|pool)$/,
      wrong: problems.vmid || problems.taken || problems.name || !form.node,
      body: <GeneralStep kind="qemu" value={form} set={set} errors={errors} />,
    },
    {
      id: 'medium',
      text: t('wizard.medium'),
      fields: /^(ide2|ostype|bios|machine|efidisk0)$/,
      wrong: form.medium === 'iso' && !form.iso,
      body: <MediumStep {...shared} />,
    },
    {
      id: 'cpu',
      text: t('wizard.cpu'),
      fields: /^(cores|sockets|cpu|memory|balloon|agent|serial0)$/,
      wrong: !(Number(form.cores) > 0 && Number(form.sockets) > 0 && Number(form.memory) >= 16),
      body: <CpuMemoryStep {...shared} />,
    },
    {
      id: 'disk',
      text: t('wizard.disk'),
      fields: /^(scsi|virtio|sata|ide[013])\w*$/,
      wrong: form.disk && (!form.storage || !(Number(form.size) > 0)),
      body: <DiskStep {...shared} />,
    },
    {
      id: 'network',
      text: t('wizard.network'),
      fields: /^net\d+$/,
      wrong: false,
      body: <NetworkStep {...shared} />,
    },
    {
      id: 'review',
      text: t('wizard.review'),
      fields: /^$/,
      wrong: false,
      body: <Review rows={[['node', form.node], ...Object.entries(params)]} />,
    },
  ];
  return (
    <WizardFrame
      title={t('create.vm_title')}
      steps={steps}
      action={t('create.do')}
      busy={busy}
      error={error}
      errors={errors}
      onClose={onClose}
      submit={async () => {
        const ok = await submit(async () =>
          note_task(await create_vm({ ...params, node: form.node, vmid: Number(form.vmid) })),
        );
        if (ok) go(`/node/${form.node}/guests`);
        return ok;
      }}
    />
  );
}
