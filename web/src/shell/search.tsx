// Finds guests, nodes and storages by number, name or tag from anywhere: "/" or Ctrl+K.
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { use_t } from '../i18n';
import { Icon } from '../kit/icon';
import { all_resources } from '../state/resources';
import { go, place_of } from '../state/route';
import { name_of, StatusIcon } from './status';
import { matches } from './tree-data';

const most = 12;

export function GlobalSearch() {
  const t = use_t();
  const [text, set_text] = useState('');
  const [at, set_at] = useState(0);
  const [open, set_open] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const found =
    open && text.trim()
      ? all_resources()
          .filter((row) => row.type !== 'pool' && matches(row, text))
          .slice(0, most)
      : [];
  useEffect(() => {
    const on_key = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const writing = target.closest('input, textarea, select, [contenteditable], .console');
      const slash = event.key === '/' && !writing;
      if (!slash && !(event.ctrlKey && event.key === 'k' && !target.closest('.console'))) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', on_key);
    return () => document.removeEventListener('keydown', on_key);
  }, []);
  const choose = (index: number) => {
    const row = found[index];
    if (!row) return;
    set_text('');
    set_open(false);
    go(place_of(row.id));
  };
  const on_key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') set_at((at + 1) % Math.max(1, found.length));
    else if (event.key === 'ArrowUp') set_at((at - 1 + found.length) % Math.max(1, found.length));
    else if (event.key === 'Enter') choose(at);
    else if (event.key === 'Escape') set_open(false);
    else return;
    event.preventDefault();
  };
  const shown = open && text.trim() !== '';
  return (
    <div className="search" role="search">
      <Icon name="search" />
      <input
        ref={input}
        className="input"
        type="text"
        role="combobox"
        aria-label={t('search.label')}
        aria-expanded={shown}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        placeholder={t('search.placeholder')}
        value={text}
        onChange={(event) => {
          set_text(event.target.value);
          set_at(0);
          set_open(true);
        }}
        onKeyDown={on_key}
        onBlur={() => setTimeout(() => set_open(false), 150)}
      />
      {shown && (
        <div className="search-results" role="listbox" id={id} aria-label={t('search.label')}>
          {found.map((row, index) => (
            <div
              key={row.id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === at}
              onPointerDown={() => choose(index)}
            >
              <StatusIcon row={row} />
              <span className="grow clip">{name_of(row)}</span>
              <span className="muted">{row.node}</span>
            </div>
          ))}
          {found.length === 0 && <p className="empty">{t('search.none')}</p>}
        </div>
      )}
    </div>
  );
}
