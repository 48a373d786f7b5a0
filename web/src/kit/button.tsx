import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { Icon, type IconName } from './icon';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: 'plain' | 'primary' | 'danger' | 'danger solid' | 'ghost';
  small?: boolean;
  icon?: IconName;
  busy?: boolean;
  // What it is called where its text alone is not enough ("Edit", of what?), or there is none; the
  // tooltip as well. It holds the text that is seen.
  name?: string;
  children?: ReactNode;
}

export function Button(props: Props) {
  const {
    variant = 'plain',
    small,
    icon,
    busy,
    name,
    children,
    disabled,
    className,
    ...rest
  } = props;
  const classes = ['button', variant, small && 'small', !children && 'icon-only', className];
  return (
    <button
      type="button"
      {...rest}
      className={classes.filter(Boolean).join(' ')}
      aria-label={name}
      title={rest.title ?? name}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {busy ? <span className="spinner" /> : icon && <Icon name={icon} />}
      {children && <span className="label">{children}</span>}
    </button>
  );
}
