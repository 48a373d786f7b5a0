// What the steps of both wizards share: fields bound to the form by name, and the groups of them
// that every guest has.
import { use_t } from '../i18n';
import { TextField } from '../kit/field';
import { StoragePicker, VolumePicker } from '../pages/guest/pickers';

export interface StepProps<Form> {
  form: Form;
  set: (next: Partial<Form>) => void;
  errors: Record<string, string>;
}

type NamesOf<Form, Value> = {
  [K in keyof Form]: Form[K] extends Value ? K : never;
}[keyof Form] &
  string;

// `error` is the parameter whose refusal belongs to the field, where its name is another.
export function bind<Form extends object>({ form, set, errors }: StepProps<Form>) {
  const change = (name: string, value: string | boolean) =>
    set({ [name]: value } as unknown as Partial<Form>);
  return {
    text: (name: NamesOf<Form, string>, error: string = name) => ({
      name,
      value: form[name] as string,
      error: errors[error],
      onChange: (value: string) => change(name, value),
    }),
    check: (name: NamesOf<Form, boolean>) => ({
      checked: form[name] as boolean,
      onChange: (value: boolean) => change(name, value),
    }),
  };
}

interface Sized {
  node: string;
  storage: string;
  size: string;
}

export function DiskFields<Form extends Sized>(
  props: StepProps<Form> & { content: 'images' | 'rootdir'; parameter: string },
) {
  const t = use_t();
  const { text } = bind<Sized>(props as unknown as StepProps<Sized>);
  return (
    <>
      <StoragePicker node={props.form.node} content={props.content} {...text('storage')} />
      <TextField
        label={t('hardware.size')}
        type="number"
        unit="GiB"
        min={1}
        {...text('size', props.parameter)}
      />
    </>
  );
}

interface Powered {
  cores: string;
  memory: string;
}

export function ComputeFields<Form extends Powered>(props: StepProps<Form>) {
  const t = use_t();
  const { text } = bind<Powered>(props as unknown as StepProps<Powered>);
  return (
    <>
      <TextField label={t('hardware.cores')} type="number" min={1} {...text('cores')} />
      <TextField
        label={t('hardware.memory')}
        type="number"
        unit="MiB"
        min={16}
        {...text('memory')}
      />
    </>
  );
}

interface ImageProps {
  node: string;
  content: 'iso' | 'vztmpl';
  storage: string;
  value: string;
  label: string;
  hint: string;
  error: string | undefined;
  onStorage: (storage: string) => void;
  onChange: (volume: string) => void;
}

// A file of a storage: first the storage, then the file.
export function ImageFields(props: ImageProps) {
  const t = use_t();
  const { node, content, storage, value, label, hint, error, onStorage, onChange } = props;
  return (
    <>
      <StoragePicker node={node} content={content} value={storage} onChange={onStorage} />
      <VolumePicker
        node={node}
        storage={storage}
        content={content}
        label={label}
        value={value}
        none={t('wizard.choose')}
        hint={value || error ? undefined : hint}
        error={error}
        onChange={onChange}
      />
    </>
  );
}
