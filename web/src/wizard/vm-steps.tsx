import { use_t } from '../i18n';
import { CheckField, SelectField, TextField } from '../kit/field';
import { Notice } from '../kit/notice';
import { system_choices } from '../pages/guest/systems';
import { disk_buses, disk_formats } from '../pages/guest/edit-disk';
import { cpu_types } from '../pages/guest/edit-simple';
import { BridgePicker } from '../pages/guest/pickers';
import { nic_models } from '../state/props';
import { bind, ComputeFields, DiskFields, ImageFields, type StepProps } from './fields';
import type { VmForm } from './vm';

type Props = StepProps<VmForm>;

const same = (one: string) => ({ value: one, text: one });

export function MediumStep(props: Props) {
  const t = use_t();
  const { form, set, errors } = props;
  const { text } = bind(props);
  return (
    <div className="form">
      <SelectField
        whole
        label={t('hardware.medium')}
        value={form.medium}
        onChange={(medium) => set({ medium: medium as VmForm['medium'] })}
        choices={[
          { value: 'iso', text: t('hardware.iso') },
          { value: 'none', text: t('wizard.no_medium') },
        ]}
      />
      {form.medium === 'iso' && (
        <ImageFields
          node={form.node}
          content="iso"
          storage={form.iso_storage}
          label={t('hardware.iso')}
          value={form.iso}
          hint={t('wizard.iso_needed')}
          error={errors.ide2}
          onStorage={(iso_storage) => set({ iso_storage, iso: '' })}
          onChange={(iso) => set({ iso })}
        />
      )}
      <SelectField
        label={t('wizard.guest_system')}
        {...text('ostype')}
        choices={system_choices(t)}
      />
      <SelectField
        label={t('wizard.firmware')}
        {...text('bios')}
        choices={[
          { value: 'seabios', text: 'SeaBIOS' },
          { value: 'ovmf', text: 'OVMF (UEFI)' },
        ]}
      />
      <SelectField
        label={t('field.machine')}
        {...text('machine')}
        choices={[
          { value: 'q35', text: 'q35' },
          { value: 'pc', text: 'i440fx (pc)' },
        ]}
      />
    </div>
  );
}

export function CpuMemoryStep(props: Props) {
  const t = use_t();
  const { text, check } = bind(props);
  return (
    <div className="form">
      <ComputeFields {...props} />
      <TextField label={t('hardware.sockets')} type="number" min={1} {...text('sockets')} />
      <SelectField
        label={t('hardware.cpu_type')}
        {...text('cpu')}
        choices={[{ value: '', text: t('hardware.cpu_default') }, ...cpu_types.map(same)]}
      />
      <CheckField label={t('options.agent')} hint={t('options.agent_hint')} {...check('agent')} />
      <CheckField
        label={t('hardware.serial')}
        hint={t('wizard.serial_hint')}
        {...check('serial')}
      />
    </div>
  );
}

export function DiskStep(props: Props) {
  const t = use_t();
  const { form } = props;
  const { text, check } = bind(props);
  return (
    <div className="form">
      <CheckField whole label={t('wizard.with_disk')} {...check('disk')} />
      {form.disk && (
        <>
          <DiskFields {...props} content="images" parameter={`${form.bus}0`} />
          <SelectField label={t('hardware.bus')} {...text('bus')} choices={disk_buses.map(same)} />
          <SelectField
            label={t('hardware.format')}
            {...text('format')}
            choices={[{ value: '', text: t('hardware.format_default') }, ...disk_formats.map(same)]}
          />
        </>
      )}
    </div>
  );
}

export function NetworkStep(props: Props) {
  const t = use_t();
  const { form } = props;
  const { text, check } = bind(props);
  return (
    <div className="form">
      <CheckField whole label={t('wizard.with_network')} {...check('network')} />
      {form.network && (
        <>
          <BridgePicker node={form.node} {...text('bridge', 'net0')} />
          <SelectField
            label={t('hardware.model')}
            {...text('model')}
            choices={nic_models.map(same)}
          />
        </>
      )}
      {form.network && !form.bridge && (
        <div className="whole">
          <Notice>{t('wizard.user_network')}</Notice>
        </div>
      )}
    </div>
  );
}
