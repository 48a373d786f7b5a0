import { useEffect, useRef, type KeyboardEvent } from 'react';

export interface Tab {
  id: string;
  text: string;
}

interface Props {
  label: string;
  tabs: Tab[];
  current: string;
  onChoose: (id: string) => void;
}

// The panel is the element with id "page-panel" that follows.
export function Tabs({ label, tabs, current, onChoose }: Props) {
  const list = useRef<HTMLDivElement>(null);
  // In a narrow window they scroll sideways, and the chosen one may be out of sight.
  useEffect(() => {
    list.current
      ?.querySelector('[aria-selected=true]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [current]);
  const on_key = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const step: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1 + tabs.length,
      Home: 0,
      End: tabs.length - 1,
    };
    const next = tabs[(step[event.key] ?? -1) % tabs.length];
    if (!(event.key in step) || !next) return;
    event.preventDefault();
    onChoose(next.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={on_key}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          data-tab={tab.id}
          aria-selected={tab.id === current}
          aria-controls="page-panel"
          tabIndex={tab.id === current ? 0 : -1}
          onClick={() => onChoose(tab.id)}
        >
          {tab.text}
        </button>
      ))}
    </div>
  );
}
