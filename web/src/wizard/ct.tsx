// A new container from a template.
import { useMemo } from 'react';
import { create_ct } from '../api/guests';
import { use_t, type Translate } from '../i18n';
import { DiskStep, NetworkStep, ResourcesStep, TemplateStep } from './ct-steps';
import { use_guest_form } from './defaults';
import { first_general, general_problems, type General } from './general';
import { GuestWizard, type Part } from './guest';
import { choice_problems, memory_problems, number_problems, type Problem } from './problems';

export interface CtForm extends General {
  template_storage: string;
  template: string;
  password: string;
  again: string;
  keys: string;
  unprivileged: boolean;
  storage: string;
  size: string;
  cores: string;
  memory: string;
  swap: string;
  bridge: string;
  ip: string;
  gateway: string;
}

const first: CtForm = {
  ...first_general,
  template_storage: '',
  template: '',
  password: '',
  again: '',
  keys: '',
  unprivileged: true,
  storage: '',
  size: '8',
  cores: '1',
  memory: '512',
  swap: '512',
  bridge: '',
  ip: 'dhcp',
  gateway: '',
};

function ct_params(form: CtForm): Record<string, string> {
  const out: Record<string, string> = {
    vmid: form.vmid,
    hostname: form.name,
    ostemplate: form.template,
    rootfs: `${form.storage}:${form.size}`,
    cores: form.cores,
    memory: form.memory,
    swap: form.swap,
    unprivileged: form.unprivileged ? '1' : '0',
  };
  const net = [`name=eth0`, form.bridge && `bridge=${form.bridge}`, form.ip && `ip=${form.ip}`];
  if (form.gateway) net.push(`gw=${form.gateway}`);
  if (form.bridge) out.net0 = net.filter(Boolean).join(',');
  if (form.password) out.password = form.password;
  if (form.keys.trim()) out['ssh-public-keys'] = form.keys.trim();
  if (form.tags) out.tags = form.tags;
  if (form.onboot) out.onboot = '1';
  if (form.start) out.start = '1';
  return out;
}

function ct_problems(form: CtForm, t: Translate): Problem[] {
  const locked = !form.password && !form.keys.trim();
  const differ = form.password !== form.again;
  return [
    ...general_problems(form, 'lxc', t),
    ...choice_problems('ostemplate', form.template, t('wizard.template_needed')),
    ...(locked ? choice_problems('password', '', t('wizard.password_or_key')) : []),
    ...(differ ? [{ field: 'again', text: t('users.differ'), missing: form.again === '' }] : []),
    ...choice_problems('storage', form.storage, t('wizard.choose')),
    ...number_problems('rootfs', form.size, 1, t),
    ...number_problems('cores', form.cores, 1, t),
    ...memory_problems(form.node, form.memory, t),
    ...number_problems('swap', form.swap, 0, t),
  ];
}

const parts: Part<CtForm>[] = [
  {
    id: 'template',
    fields: /^(ostemplate|password|again|ssh-public-keys|unprivileged)$/,
    Fields: TemplateStep,
  },
  { id: 'disk', fields: /^(rootfs|storage)$/, Fields: DiskStep },
  { id: 'cpu', fields: /^(cores|memory|swap|cpulimit)$/, Fields: ResourcesStep },
  { id: 'network', fields: /^net\d+$/, Fields: NetworkStep },
];

export function CtWizard({ onClose }: { onClose: () => void }) {
  const t = use_t();
  const { form, set } = use_guest_form(first, {
    storage: 'rootdir',
    template_storage: 'vztmpl',
  });
  return (
    <GuestWizard
      kind="lxc"
      form={form}
      set={set}
      parts={parts}
      problems={ct_problems(form, t)}
      params={useMemo(() => ct_params(form), [form])}
      create={(params) =>
        create_ct({
          ...params,
          node: form.node,
          vmid: Number(form.vmid),
          ostemplate: form.template,
        })
      }
      onClose={onClose}
    />
  );
}
