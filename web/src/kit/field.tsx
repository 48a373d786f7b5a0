// A labelled input with its hint and its error; screen readers hear all three.
import { useId, type ReactNode, type Ref } from 'react';
import { Icon } from './icon';

interface Frame {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  whole?: boolean;
}

interface Wiring {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

export function Field(props: Frame & { children: (wiring: Wiring) => ReactNode }) {
  const { label, error, whole, children } = props;
  // A refusal may say what the hint said.
  const hint = props.hint === error ? undefined : props.hint;
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={whole ? 'field whole' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described || undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {error && (
        <span className="error" id={`${id}-error`} role="alert">
          <Icon name="warning" />
          {error}
        </span>
      )}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

interface TextProps extends Frame {
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'password' | 'number' | 'email' | 'url' | 'datetime-local';
  unit?: string;
  placeholder?: string;
  autoComplete?: string;
  disabled?: boolean;
  readOnly?: boolean;
  min?: number;
  max?: number;
  rows?: number;
  name?: string;
  list?: string[];
  input?: Ref<HTMLInputElement>;
}

export function TextField(props: TextProps) {
  const {
    value,
    onChange,
    type = 'text',
    unit,
    rows,
    list,
    label,
    hint,
    error,
    whole,
    input: input_ref,
    ...rest
  } = props;
  const list_id = useId();
  return (
    <Field label={label} hint={hint} error={error} whole={whole}>
      {(wiring) => {
        if (rows) {
          return (
            <textarea
              {...wiring}
              name={rest.name}
              disabled={rest.disabled}
              className="input"
              rows={rows}
              value={value}
              onChange={(event) => onChange(event.target.value)}
            />
          );
        }
        const input = (
          <input
            {...wiring}
            {...rest}
            ref={input_ref}
            className="input"
            type={type}
            value={value}
            list={list ? list_id : undefined}
            spellCheck={false}
            onChange={(event) => onChange(event.target.value)}
          />
        );
        return (
          <>
            {unit ? (
              <div className="with-unit">
                {input}
                <span className="unit">{unit}</span>
              </div>
            ) : (
              input
            )}
            {list && (
              <datalist id={list_id}>
                {list.map((one) => (
                  <option key={one} value={one} />
                ))}
              </datalist>
            )}
          </>
        );
      }}
    </Field>
  );
}

export interface Choice {
  value: string;
  text: string;
}

interface SelectProps extends Frame {
  value: string;
  onChange: (value: string) => void;
  choices: Choice[];
  disabled?: boolean;
  name?: string;
}

export function SelectField(props: SelectProps) {
  const { value, onChange, choices, disabled, name, ...frame } = props;
  const known = choices.some((choice) => choice.value === value);
  return (
    <Field {...frame}>
      {(wiring) => (
        <select
          {...wiring}
          className="input"
          name={name}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.target.value)}
        >
          {!known && <option value={value}>{value || '–'}</option>}
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
  whole?: boolean;
  name?: string;
}

export function CheckField({ label, hint, checked, onChange, disabled, whole, name }: CheckProps) {
  const id = useId();
  return (
    <div className={whole ? 'field whole' : 'field'}>
      <label className="check">
        <input
          type="checkbox"
          name={name}
          checked={checked}
          disabled={disabled}
          aria-describedby={hint ? id : undefined}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>{label}</span>
      </label>
      {hint && (
        <span className="hint" id={id}>
          {hint}
        </span>
      )}
    </div>
  );
}
