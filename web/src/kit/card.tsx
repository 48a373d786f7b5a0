import { useId, type ReactNode } from 'react';

interface Props {
  title?: string;
  tools?: ReactNode;
  span?: 3 | 4 | 5 | 6 | 7 | 8 | 12;
  flush?: boolean;
  children: ReactNode;
}

export function Card({ title, tools, span = 12, flush, children }: Props) {
  const id = useId();
  return (
    <section className={`card span-${span}`} aria-labelledby={title ? id : undefined}>
      {title && (
        <header>
          <h2 id={id}>{title}</h2>
          {tools}
        </header>
      )}
      {flush ? children : <div className="body">{children}</div>}
    </section>
  );
}

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value ?? '–'}</dd>
        </div>
      ))}
    </dl>
  );
}
