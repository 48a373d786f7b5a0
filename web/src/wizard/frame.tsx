// Steps on the left, fields on the right; every step can be opened at any time, and the step with
// a mistake says so on its number.
import { useState, type ReactNode } from 'react';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Dialog } from '../kit/dialog';
import { Failure } from '../kit/notice';

export interface Step {
  id: string;
  text: string;
  // The parameters this step sets: their errors belong here.
  fields: RegExp;
  wrong: boolean;
  body: ReactNode;
}

interface Props {
  title: string;
  steps: Step[];
  action: string;
  busy: boolean;
  error: unknown;
  errors: Record<string, string>;
  submit: () => Promise<boolean>;
  onClose: () => void;
}

export function WizardFrame(props: Props) {
  const t = use_t();
  const { title, steps, action, busy, error, errors, submit, onClose } = props;
  const [at, set_at] = useState(0);
  const [tried, set_tried] = useState(false);
  const step = steps[at]!;
  const last = at === steps.length - 1;
  const refused = (one: Step) => Object.keys(errors).some((field) => one.fields.test(field));
  const bad = (one: Step, index: number) => refused(one) || (one.wrong && (tried || index < at));
  const finish = async () => {
    set_tried(true);
    const wrong = steps.findIndex((one) => one.wrong);
    if (wrong >= 0) {
      set_at(wrong);
      return;
    }
    if (await submit()) onClose();
  };
  // After a refusal the first step that the server complains about is where to go.
  const blamed = steps.findIndex(refused);
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      bodyClass="wizard"
      onSubmit={() => (last ? void finish() : set_at(at + 1))}
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
              onClick={() => set_at(index)}
            >
              <span className={bad(one, index) ? 'step-number bad' : 'step-number'}>
                {bad(one, index) ? '!' : index + 1}
              </span>
              {one.text}
              {bad(one, index) && <span className="visually-hidden">{t('wizard.step_wrong')}</span>}
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
        {step.body}
      </div>
    </Dialog>
  );
}

export function Review({ rows }: { rows: [string, string][] }) {
  return (
    <table className="table">
      <tbody>
        {rows.map(([key, value]) => (
          <tr key={key}>
            <th scope="row">
              <span>{key}</span>
            </th>
            <td className="mono">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
