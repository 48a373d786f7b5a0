import {
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from 'react';
import { Button } from './button';
import { Icon, type IconName } from './icon';

export interface MenuItem {
  text: string;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  // Why it is disabled, for one.
  title?: string | undefined;
  checked?: boolean;
  apart?: boolean;
  onChoose: () => void;
}

interface Props {
  name: string;
  icon?: IconName;
  label?: ReactNode;
  variant?: 'plain' | 'primary' | 'ghost';
  items: MenuItem[];
  left?: boolean;
  disabled?: boolean;
}

export function Menu({ name, icon, label, variant = 'plain', items, left, disabled }: Props) {
  const [open, set_open] = useState(false);
  const wrap = useRef<HTMLDivElement>(null);
  const id = useId();
  const entries = () => [
    ...(wrap.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? []),
  ];
  const close = (refocus: boolean) => {
    set_open(false);
    if (refocus) wrap.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
  };
  // Before the next key, which belongs to the menu already.
  useLayoutEffect(() => {
    if (!open) return;
    entries()[0]?.focus();
    const outside = (event: PointerEvent) => {
      if (!wrap.current?.contains(event.target as Node)) set_open(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);
  const on_key = (event: KeyboardEvent) => {
    const list = entries();
    const at = list.indexOf(document.activeElement as HTMLElement);
    const step: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1 + list.length,
      Home: 0,
      End: list.length - 1,
    };
    if (event.key === 'Escape' && open) {
      event.stopPropagation();
      close(true);
    } else if (event.key === 'Tab') set_open(false);
    else if (open && event.key in step) list[(step[event.key] ?? 0) % list.length]?.focus();
    else if (!open && event.key === 'ArrowDown') set_open(true);
    else return;
    if (event.key !== 'Tab') event.preventDefault();
  };
  return (
    <div className="menu-wrap" ref={wrap} onKeyDown={on_key}>
      <Button
        variant={variant}
        icon={icon}
        name={name}
        disabled={disabled}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => set_open(!open)}
      >
        {label}
      </Button>
      {open && (
        <div className={left ? 'menu left' : 'menu'} role="menu" id={id} aria-label={name}>
          {items.map((item) => (
            <div key={item.text} role="none">
              {item.apart && <hr />}
              <button
                type="button"
                tabIndex={-1}
                role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
                aria-checked={item.checked}
                aria-disabled={item.disabled || undefined}
                title={item.title}
                className={item.danger ? 'danger' : undefined}
                onClick={() => {
                  if (item.disabled) return;
                  close(true);
                  item.onChoose();
                }}
              >
                {item.icon && <Icon name={item.icon} />}
                <span className="grow">{item.text}</span>
                {item.checked && <Icon name="check" />}
              </button>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
