// A new container from a template.
import { useMemo } from 'react';
import { create_ct } from '../api/guests';
import { note_task } from '../api/tasks';
import { use_t, type Translate } from '../i18n';
import { use_form_action } from '../state/action';
import { go } from '../state/route';
import { NetworkStep, ResourcesStep, TemplateStep } from './ct-steps';
import { use_guest_form } from './defaults';
import { DiskFields } from './fields';
import { Review, WizardFrame, type Step } from './frame';
import { first_general, general_problems, GeneralStep, type General } from './general';
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

export function CtWizard({ onClose }: { onClose: () => void }) {
  const t = use_t();
  const { form, set } = use_guest_form(first, {
    storage: 'rootdir',
    template_storage: 'vztmpl',
  });
  const { busy, error, errors, submit } = use_form_action();
  const params = useMemo(() => ct_params(form), [form]);
  const shown: [string, string][] = Object.entries(params).map(([key, value]) => [
    key,
    key === 'password' ? '••••••••' : value,
  ]);
  const steps: Step[] = [
    {
      id: 'general',
      text: t('wizard.general'),
      fields: /^(node|vmid|hostname|tags|start|onboot|pool)$/,
      body: (errors) => <GeneralStep kind="lxc" form={form} set={set} errors={errors} />,
    },
    {
      id: 'template',
      text: t('wizard.template'),
      fields: /^(ostemplate|password|again|ssh-public-keys|unprivileged)$/,
      body: (errors) => <TemplateStep form={form} set={set} errors={errors} />,
    },
    {
      id: 'disk',
      text: t('wizard.disk'),
      fields: /^(rootfs|storage)$/,
      body: (errors) => (
        <div className="form">
          <DiskFields form={form} set={set} errors={errors} content="rootdir" parameter="rootfs" />
        </div>
      ),
    },
    {
      id: 'cpu',
      text: t('wizard.cpu'),
      fields: /^(cores|memory|swap|cpulimit)$/,
      body: (errors) => <ResourcesStep form={form} set={set} errors={errors} />,
    },
    {
      id: 'network',
      text: t('wizard.network'),
      fields: /^net\d+$/,
      body: (errors) => <NetworkStep form={form} set={set} errors={errors} />,
    },
    {
      id: 'review',
      text: t('wizard.review'),
      fields: /^$/,
      body: () => <Review rows={[['node', form.node], ...shown]} />,
    },
  ];
  return (
    <WizardFrame
      title={t('create.ct_title')}
      steps={steps}
      action={t('create.do')}
      busy={busy}
      problems={ct_problems(form, t)}
      error={error}
      errors={errors}
      onClose={onClose}
      submit={async () => {
        const ok = await submit(async () =>
          note_task(
            await create_ct({
              ...params,
              node: form.node,
              vmid: Number(form.vmid),
              ostemplate: form.template,
            }),
          ),
        );
        if (ok) go(`/node/${form.node}/guests`);
        return ok;
      }}
    />
  );
}
