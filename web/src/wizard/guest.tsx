// What the wizards of machines and containers share: their steps from the general one to the check,
// and what happens after it.
import type { ComponentType } from 'react';
import { note_task } from '../api/tasks';
import type { Kind } from '../api/types';
import { use_t } from '../i18n';
import { use_form_action } from '../state/action';
import { go } from '../state/route';
import type { StepProps } from './fields';
import { WizardFrame, type Step } from './frame';
import { GeneralStep, type General } from './general';
import type { Problem } from './problems';
import { Review } from './review';

// A step between them: which parameters it sets (their errors belong there), and its fields.
export interface Part<Form> {
  id: 'medium' | 'template' | 'disk' | 'cpu' | 'network';
  fields: RegExp;
  Fields: ComponentType<StepProps<Form>>;
}

interface Props<Form> {
  kind: Kind;
  form: Form;
  set: (next: Partial<Form>) => void;
  parts: Part<Form>[];
  problems: Problem[];
  params: Record<string, string>;
  create: (params: Record<string, string>) => Promise<string | null>;
  onClose: () => void;
}

export function GuestWizard<Form extends General>(props: Props<Form>) {
  const t = use_t();
  const { kind, form, set, parts, problems, params, create, onClose } = props;
  const { busy, error, errors, submit } = use_form_action();
  const set_general = (next: Partial<General>) => set(next as Partial<Form>);
  const steps: Step[] = [
    {
      id: 'general',
      text: t('wizard.general'),
      fields: /^(node|vmid|name|hostname|tags|start|onboot|pool)$/,
      body: (errors) => <GeneralStep kind={kind} form={form} set={set_general} errors={errors} />,
    },
    ...parts.map(({ id, fields, Fields }) => ({
      id,
      text: t(`wizard.${id}`),
      fields,
      body: (errors: Record<string, string>) => <Fields form={form} set={set} errors={errors} />,
    })),
    {
      id: 'review',
      text: t('wizard.review'),
      fields: /^$/,
      body: () => <Review params={{ node: form.node, ...params }} />,
    },
  ];
  return (
    <WizardFrame
      title={t(kind === 'qemu' ? 'create.vm_title' : 'create.ct_title')}
      steps={steps}
      action={t('create.do')}
      busy={busy}
      problems={problems}
      error={error}
      errors={errors}
      onClose={onClose}
      submit={async () => {
        const done = await submit(async () => note_task(await create(params)));
        if (done) go(`/node/${form.node}/guests`);
        return done;
      }}
    />
  );
}
