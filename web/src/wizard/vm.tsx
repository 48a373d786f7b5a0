// A new virtual machine in five steps with an answer ready in each of them.
import { useMemo } from 'react';
import { create_vm } from '../api/guests';
import { use_t, type Translate } from '../i18n';
import { use_guest_form } from './defaults';
import { first_general, general_problems, type General } from './general';
import { GuestWizard, type Part } from './guest';
import { choice_problems, memory_problems, number_problems, type Problem } from './problems';
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

function vm_params(form: VmForm): Record<string, string> {
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

function vm_problems(form: VmForm, t: Translate): Problem[] {
  const drive = `${form.bus}0`;
  return [
    ...general_problems(form, 'qemu', t),
    ...(form.medium === 'iso' ? choice_problems('ide2', form.iso, t('wizard.iso_needed')) : []),
    ...number_problems('cores', form.cores, 1, t),
    ...memory_problems(form.node, form.memory, t),
    ...number_problems('sockets', form.sockets, 1, t),
    ...(form.disk
      ? [
          ...choice_problems('storage', form.storage, t('wizard.choose')),
          ...number_problems(drive, form.size, 1, t),
        ]
      : []),
  ];
}

const parts: Part<VmForm>[] = [
  { id: 'medium', fields: /^(ide2|ostype|bios|machine|efidisk0)$/, Fields: MediumStep },
  {
    id: 'cpu',
    fields: /^(cores|sockets|cpu|memory|balloon|agent|serial0)$/,
    Fields: CpuMemoryStep,
  },
  { id: 'disk', fields: /^(storage|(scsi|virtio|sata)\w*|ide[013])$/, Fields: DiskStep },
  { id: 'network', fields: /^net\d+$/, Fields: NetworkStep },
];

export function VmWizard({ onClose }: { onClose: () => void }) {
  const t = use_t();
  const { form, set } = use_guest_form(first, { storage: 'images', iso_storage: 'iso' });
  return (
    <GuestWizard
      kind="qemu"
      form={form}
      set={set}
      parts={parts}
      problems={vm_problems(form, t)}
      params={useMemo(() => vm_params(form), [form])}
      create={(params) => create_vm({ ...params, node: form.node, vmid: Number(form.vmid) })}
      onClose={onClose}
    />
  );
}
