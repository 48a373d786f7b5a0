import { use_t } from '../i18n';
import { CheckField, TextField } from '../kit/field';
import { BridgePicker, StoragePicker, VolumePicker } from '../pages/guest/pickers';
import type { CtForm } from './ct';

interface Props {
  form: CtForm;
  set: (next: Partial<CtForm>) => void;
  errors: Record<string, string>;
}

export function TemplateStep({ form, set, errors }: Props) {
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
        hint={form.template ? undefined : t('wizard.template_needed')}
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

export function ResourcesStep({ form, set, errors }: Props) {
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

export function NetworkStep({ form, set, errors }: Props) {
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
