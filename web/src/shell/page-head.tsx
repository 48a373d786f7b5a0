import type { ReactNode } from 'react';
import { Tabs, type Tab } from '../kit/tabs';
import { go } from '../state/route';

// An address may name a view that there is not, or not here.
export const view_of = (views: readonly string[], asked: string) =>
  views.includes(asked) ? asked : (views[0] ?? '');

interface Props {
  title: ReactNode;
  where?: ReactNode;
  actions?: ReactNode;
  tabs: Tab[];
  tabs_label: string;
  current: string;
  base: string;
}

export function PageHead({ title, where, actions, tabs, tabs_label, current, base }: Props) {
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        {where && <span className="where">{where}</span>}
        <span className="grow" />
        {actions}
      </div>
      <Tabs
        label={tabs_label}
        tabs={tabs}
        current={current}
        onChoose={(id) => go(`${base}/${id}`)}
      />
    </>
  );
}

export function PagePanel({ flush, children }: { flush?: boolean; children: ReactNode }) {
  return (
    <div
      className={flush ? 'page-body flush' : 'page-body'}
      role="tabpanel"
      id="page-panel"
      tabIndex={-1}
    >
      {children}
    </div>
  );
}
