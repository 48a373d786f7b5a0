// A new container from a template.
import { useCallback, useMemo, useState } from 'react';
import { post, segment } from '../api/client';
import { note_task } from '../api/tasks';
import { use_t } from '../i18n';
import { CheckField, TextField } from '../kit/field';
import { BridgePicker, StoragePicker, VolumePicker } from '../pages/guest/pickers';
import { use_form_action } from '../state/action';
import { go } from '../state/route';
import { use_default_bridge, use_default_storage } from './defaults';
import { Review, WizardFrame, type Step } from './frame';
import { first_general, general_problems, GeneralStep, type General } from './general';

interface CtForm extends General {
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

export function CtWizard({ onClose }: { onClose: () => void }) {
  const t = use_t();
  const [form, set_form] = useState(first);
  const set = useCallback(
    (next: Partial<CtForm>) => set_form((before) => ({ ...before, ...next })),
    [],
  );
  const set_storage = useCallback((value: string) => set({ storage: value }), [set]);
  use_default_storage(form.node, 'rootdir', form.storage, set_storage);
  const set_template_storage = useCallback(
    (value: string) => set({ template_storage: value }),
    [set],
  );
  use_default_storage(form.node, 'vztmpl', form.template_storage, set_template_storage);
  const set_bridge = useCallback((value: string) => set({ bridge: value }), [set]);
  use_default_bridge(form.node, form.bridge, set_bridge);
  const { busy, error, errors, submit } = use_form_action();
  const params = useMemo(() => ct_params(form), [form]);
  const problems = general_problems(form, 'lxc');
  const differ = form.password !== form.again;
  const shared = { form, set, errors };
  const shown: [string, string][] = Object.entries(params).map(([key, value]) => [
    key,
    key === 'password' ? '••••••••' : value,
  ]);
  const steps: Step[] = [
    {
      id: 'general',
      text: t('wizard.general'),
      fields: /^(node|vmid|hostname|tags|start|onboot|pool)$/,
      wrong: problems.vmid || problems.taken || problems.name || !form.node,
      body: <GeneralStep kind="lxc" value={form} set={set} errors={errors} />,
    },
    {
      id: 'template',
      text: t('wizard.template'),
      fields: /^(ostemplate|password|ssh-public-keys|unprivileged)$/,
      wrong: !form.template || differ || (!form.password && !form.keys.trim()),
      body: <TemplateStep {...shared} />,
    },
    {
      id: 'disk',
      text: t('wizard.disk'),
      fields: /^(rootfs|storage)$/,
      wrong: !form.storage || !(Number(form.size) > 0),
      body: (
        <div className="form">
          <StoragePicker
            node={form.node}
            content="rootdir"
            value={form.storage}
            onChange={(storage) => set({ storage })}
          />
          <TextField
            label={t('hardware.size')}
            type="number"
            unit="GiB"
            min={1}
            value={form.size}
            error={errors.rootfs}
            onChange={(size) => set({ size })}
          />
        </div>
      ),
    },
    {
      id: 'cpu',
      text: t('wizard.cpu'),
      fields: /^(cores|memory|swap|cpulimit)$/,
      wrong: !(Number(form.cores) > 0 && Number(form.memory) >= 16 && Number(form.swap) >= 0),
      body: <ResourcesStep {...shared} />,
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
      body: <Review rows={[['node', form.node], ...shown]} />,
    },
  ];
  return (
    <WizardFrame
      title={t('create.ct_title')}
      steps={steps}
      action={t('create.do')}
      busy={busy}
      error={error}
      errors={errors}
      onClose={onClose}
      submit={async () => {
        const ok = await submit(async () =>
          note_task(await post(`/nodes/${segment(form.node)}/lxc`, params)),
        );
        if (ok) go(`/node/${form.node}/guests`);
        return ok;
      }}
    />
  );
}

interface StepProps {
  form: CtForm;
  set: (next: Partial<CtForm>) => void;
  errors: Record<string, string>;
}

function TemplateStep({ form, set, errors }: StepProps) {
  const t = use_t();
  const differ = form.again !== '' && form.password !== form.again;
  return (
    <div className="form">
      <StoragePicker
        node={form.node}
        content="vztmpl"
        value={form.template_storage}
        onChange={(template_storage) => set({ template_storage, template: '' })}
      />
      <VolumePicker
        node={form.node}
        storage={form.template_storage}
        content="vztmpl"
        label={t('wizard.template')}
        value={form.template}
        none={t('wizard.choose')}
        error={errors.ostemplate}
        onChange={(template) => set({ template })}
      />
      <TextField
        label={t('wizard.root_password')}
        type="password"
        hint={t('wizard.password_or_key')}
        value={form.password}
        error={errors.password}
        autoComplete="new-password"
        onChange={(password) => set({ password })}
      />
      <TextField
        label={t('users.new_again')}
        type="password"
        value={form.again}
        error={differ ? t('users.differ') : undefined}
        autoComplete="new-password"
        onChange={(again) => set({ again })}
      />
      <TextField
        whole
        rows={2}
        label={t('wizard.ssh_keys')}
        value={form.keys}
        error={errors['ssh-public-keys']}
        onChange={(keys) => set({ keys })}
      />
      <CheckField
        whole
        label={t('field.unprivileged')}
        hint={t('wizard.unprivileged_hint')}
        checked={form.unprivileged}
        onChange={(unprivileged) => set({ unprivileged })}
      />
    </div>
  );
}

function ResourcesStep({ form, set, errors }: StepProps) {
  const t = use_t();
  return (
    <div className="form">
      <TextField
        label={t('hardware.cores')}
        type="number"
        min={1}
        value={form.cores}
        error={errors.cores}
        onChange={(cores) => set({ cores })}
      />
      <TextField
        label={t('hardware.memory')}
        type="number"
        unit="MiB"
        min={16}
        value={form.memory}
        error={errors.memory}
        onChange={(memory) => set({ memory })}
      />
      <TextField
        label={t('hardware.swap')}
        type="number"
        unit="MiB"
        min={0}
        value={form.swap}
        error={errors.swap}
        onChange={(swap) => set({ swap })}
      />
    </div>
  );
}

function NetworkStep({ form, set, errors }: StepProps) {
  const t = use_t();
  return (
    <div className="form">
      <BridgePicker
        node={form.node}
        value={form.bridge}
        error={errors.net0}
        onChange={(bridge) => set({ bridge })}
      />
      <TextField
        label={t('hardware.ip')}
        hint={t('hardware.ip_hint')}
        value={form.ip}
        onChange={(ip) => set({ ip })}
      />
      <TextField
        label={t('hardware.gateway')}
        value={form.gateway}
        onChange={(gateway) => set({ gateway })}
      />
    </div>
  );
}
