import { use_t } from '../i18n';
import { CheckField, SelectField, TextField } from '../kit/field';
import { Notice } from '../kit/notice';
import { disk_buses, disk_formats } from '../pages/guest/edit-disk';
import { cpu_types } from '../pages/guest/edit-simple';
import { BridgePicker, StoragePicker, VolumePicker } from '../pages/guest/pickers';
import { nic_models } from '../state/props';
import type { VmForm } from './vm';

interface Props {
  form: VmForm;
  set: (next: Partial<VmForm>) => void;
  errors: Record<string, string>;
}

const guest_systems = ['l26', 'win11', 'win10', 'w2k22', 'w2k19', 'other'] as const;

export function MediumStep({ form, set, errors }: Props) {
  const t = use_t();
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
        <>
          <StoragePicker
            node={form.node}
            content="iso"
            value={form.iso_storage}
            onChange={(iso_storage) => set({ iso_storage, iso: '' })}
          />
          <VolumePicker
            node={form.node}
            storage={form.iso_storage}
            content="iso"
            label={t('hardware.iso')}
            value={form.iso}
            none={t('wizard.choose')}
            hint={form.iso ? undefined : t('wizard.iso_needed')}
            error={errors.ide2}
            onChange={(iso) => set({ iso })}
          />
        </>
      )}
      <SelectField
        label={t('wizard.guest_system')}
        value={form.ostype}
        error={errors.ostype}
        onChange={(ostype) => set({ ostype })}
        choices={guest_systems.map((one) => ({ value: one, text: t(`wizard.os.${one}`) }))}
      />
      <SelectField
        label={t('wizard.firmware')}
        value={form.bios}
        error={errors.bios}
        onChange={(bios) => set({ bios })}
        choices={[
          { value: 'seabios', text: 'SeaBIOS' },
          { value: 'ovmf', text: 'OVMF (UEFI)' },
        ]}
      />
      <SelectField
        label={t('field.machine')}
        value={form.machine}
        error={errors.machine}
        onChange={(machine) => set({ machine })}
        choices={[
          { value: 'q35', text: 'q35' },
          { value: 'pc', text: 'i440fx (pc)' },
        ]}
      />
    </div>
  );
}

export function CpuMemoryStep({ form, set, errors }: Props) {
  const t = use_t();
  return (
    <div className="form">
      <TextField
        label={t('hardware.cores')}
        name="cores"
        type="number"
        min={1}
        value={form.cores}
        error={errors.cores}
        onChange={(cores) => set({ cores })}
      />
      <TextField
        label={t('hardware.sockets')}
        type="number"
        min={1}
        value={form.sockets}
        error={errors.sockets}
        onChange={(sockets) => set({ sockets })}
      />
      <TextField
        label={t('hardware.memory')}
        name="memory"
        type="number"
        unit="MiB"
        min={16}
        value={form.memory}
        error={errors.memory}
        onChange={(memory) => set({ memory })}
      />
      <SelectField
        label={t('hardware.cpu_type')}
        value={form.cpu}
        error={errors.cpu}
        onChange={(cpu) => set({ cpu })}
        choices={[
          { value: '', text: t('hardware.cpu_default') },
          ...cpu_types.map((one) => ({ value: one, text: one })),
        ]}
      />
      <CheckField
        label={t('options.agent')}
        hint={t('options.agent_hint')}
        checked={form.agent}
        onChange={(agent) => set({ agent })}
      />
      <CheckField
        label={t('hardware.serial')}
        hint={t('wizard.serial_hint')}
        checked={form.serial}
        onChange={(serial) => set({ serial })}
      />
    </div>
  );
}

export function DiskStep({ form, set, errors }: Props) {
  const t = use_t();
  return (
    <div className="form">
      <CheckField
        whole
        label={t('wizard.with_disk')}
        checked={form.disk}
        onChange={(disk) => set({ disk })}
      />
      {form.disk && (
        <>
          <StoragePicker
            node={form.node}
            content="images"
            value={form.storage}
            onChange={(storage) => set({ storage })}
          />
          <TextField
            label={t('hardware.size')}
            name="size"
            type="number"
            unit="GiB"
            min={1}
            value={form.size}
            error={errors[`${form.bus}0`]}
            onChange={(size) => set({ size })}
          />
          <SelectField
            label={t('hardware.bus')}
            value={form.bus}
            onChange={(bus) => set({ bus })}
            choices={disk_buses.map((one) => ({ value: one, text: one }))}
          />
          <SelectField
            label={t('hardware.format')}
            value={form.format}
            onChange={(format) => set({ format })}
            choices={[
              { value: '', text: t('hardware.format_default') },
              ...disk_formats.map((one) => ({ value: one, text: one })),
            ]}
          />
        </>
      )}
    </div>
  );
}

export function NetworkStep({ form, set, errors }: Props) {
  const t = use_t();
  return (
    <div className="form">
      <CheckField
        whole
        label={t('wizard.with_network')}
        checked={form.network}
        onChange={(network) => set({ network })}
      />
      {form.network && (
        <>
          <BridgePicker
            node={form.node}
            value={form.bridge}
            error={errors.net0}
            onChange={(bridge) => set({ bridge })}
          />
          <SelectField
            label={t('hardware.model')}
            value={form.model}
            onChange={(model) => set({ model })}
            choices={nic_models.map((one) => ({ value: one, text: one }))}
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
