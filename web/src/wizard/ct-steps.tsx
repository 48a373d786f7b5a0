import { use_t } from '../i18n';
import { CheckField, TextField } from '../kit/field';
import { BridgePicker } from '../pages/guest/pickers';
import type { CtForm } from './ct';
import { bind, ComputeFields, DiskFields, ImageFields, type StepProps } from './fields';

type Props = StepProps<CtForm>;

export function TemplateStep(props: Props) {
  const t = use_t();
  const { form, set, errors } = props;
  const { text, check } = bind(props);
  return (
    <div className="form">
      <ImageFields
        node={form.node}
        content="vztmpl"
        storage={form.template_storage}
        label={t('wizard.template')}
        value={form.template}
        hint={t('wizard.template_needed')}
        error={errors.ostemplate}
        onStorage={(template_storage) => set({ template_storage, template: '' })}
        onChange={(template) => set({ template })}
      />
      <TextField
        label={t('wizard.root_password')}
        type="password"
        hint={t('wizard.password_or_key')}
        autoComplete="new-password"
        {...text('password')}
      />
      <TextField
        label={t('users.new_again')}
        type="password"
        autoComplete="new-password"
        {...text('again')}
      />
      <TextField whole rows={2} label={t('wizard.ssh_keys')} {...text('keys', 'ssh-public-keys')} />
      <CheckField
        whole
        label={t('field.unprivileged')}
        hint={t('wizard.unprivileged_hint')}
        {...check('unprivileged')}
      />
    </div>
  );
}

export function DiskStep(props: Props) {
  return (
    <div className="form">
      <DiskFields {...props} content="rootdir" parameter="rootfs" />
    </div>
  );
}

export function ResourcesStep(props: Props) {
  const t = use_t();
  return (
    <div className="form">
      <ComputeFields {...props} />
      <TextField
        label={t('hardware.swap')}
        type="number"
        unit="MiB"
        min={0}
        {...bind(props).text('swap')}
      />
    </div>
  );
}

export function NetworkStep(props: Props) {
  const t = use_t();
  const { text } = bind(props);
  return (
    <div className="form">
      <BridgePicker node={props.form.node} {...text('bridge', 'net0')} />
      <TextField label={t('hardware.ip')} hint={t('hardware.ip_hint')} {...text('ip')} />
      <TextField label={t('hardware.gateway')} {...text('gateway')} />
    </div>
  );
}
