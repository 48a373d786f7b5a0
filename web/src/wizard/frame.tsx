// Steps on the left, fields on the right; every step can be opened at any time, and the step with
// a mistake says so on its number.
import { useState, type ReactNode } from 'react';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Dialog } from '../kit/dialog';
import { Failure } from '../kit/notice';
import type { Problem } from './problems';

export interface Step {
  id: string;
  text: string;
  // The parameters this step sets: their errors belong here.
  fields: RegExp;
  body: (errors: Record<string, string>) => ReactNode;
}

interface Props {
  title: string;
  steps: Step[];
  action: string;
  busy: boolean;
  problems: Problem[];
  error: unknown;
  errors: Record<string, string>;
  submit: () => Promise<boolean>;
  onClose: () => void;
}

export function WizardFrame(props: Props) {
  const t = use_t();
  const { title, steps, action, busy, problems, error, errors, submit, onClose } = props;
  const [at, set_at] = useState(0);
  const [reached, set_reached] = useState(0);
  const step = steps[at]!;
  const last = at === steps.length - 1;
  const open = (index: number) => {
    set_at(index);
    set_reached(Math.max(reached, index));
  };
  const step_of = (field: string) => steps.findIndex((one) => one.fields.test(field));
  const told = problems.filter(({ field, missing }) => !missing || step_of(field) < reached);
  const local = Object.fromEntries(told.map(({ field, text }) => [field, text]));
  const all_errors = { ...local, ...errors };
  const bad_steps = new Set(Object.keys(all_errors).map(step_of));
  const finish = async () => {
    const wrong = problems.map(({ field }) => step_of(field)).filter((index) => index >= 0);
    if (wrong.length > 0) set_at(Math.min(...wrong));
    else if (await submit()) onClose();
  };
  // After a refusal the first step that the server complains about is where to go.
  const refused = Object.keys(errors).map(step_of);
  const blamed = steps.findIndex((_, index) => refused.includes(index));
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      bodyClass="wizard"
      onSubmit={() => (last ? void finish() : open(at + 1))}
      foot={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button disabled={at === 0} onClick={() => set_at(at - 1)}>
            {t('action.back')}
          </Button>
          {last ? (
            <Button type="submit" variant="primary" busy={busy}>
              {action}
            </Button>
          ) : (
            <Button type="submit" variant="primary">
              {t('action.next')}
            </Button>
          )}
        </>
      }
    >
      <ol>
        {steps.map((one, index) => (
          <li key={one.id}>
            <button
              type="button"
              aria-current={index === at ? 'step' : undefined}
              onClick={() => open(index)}
            >
              <span className={bad_steps.has(index) ? 'step-number bad' : 'step-number'}>
                {bad_steps.has(index) ? '!' : index + 1}
              </span>
              {one.text}
              {bad_steps.has(index) && (
                <span className="visually-hidden">{t('wizard.step_wrong')}</span>
              )}
            </button>
          </li>
        ))}
      </ol>
      <div className="step" key={step.id}>
        {error !== undefined && (
          <>
            <Failure error={error} />
            {blamed >= 0 && blamed !== at && (
              <p>
                <Button small onClick={() => set_at(blamed)}>
                  {t('wizard.go_to', { step: steps[blamed]!.text })}
                </Button>
              </p>
            )}
          </>
        )}
        {step.body(all_errors)}
      </div>
    </Dialog>
  );
}
