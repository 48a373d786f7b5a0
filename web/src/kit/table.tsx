// Rows with sortable columns. Long lists (virtual) render only what the eye can see.
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef, useState, type ReactNode } from 'react';
import { Icon } from './icon';

export interface Column<Row> {
  id: string;
  head: string;
  // Shown in the head instead of its text.
  head_cell?: ReactNode;
  cell: (row: Row) => ReactNode;
  sort?: (row: Row) => string | number;
  number?: boolean;
  actions?: boolean;
  width?: string;
  // One that keeps to one line, takes the room that the others leave, or is left out on a phone.
  fit?: 'fixed' | 'rest' | 'wide';
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  row_key: (row: Row) => string;
  onOpen?: (row: Row) => void;
  empty?: ReactNode;
  first_sort?: string;
  virtual?: boolean;
  // Rows become cards in a narrow window; those with buttons do so anyway.
  cards?: boolean;
  row_class?: (row: Row) => string | undefined;
}

const row_height = 38;
const compare = (a: string | number, b: string | number) =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });

export function Table<Row>(props: Props<Row>) {
  const { label, columns, rows, row_key, onOpen, empty, first_sort, virtual, row_class } = props;
  const { cards = columns.some((column) => column.actions) } = props;
  const [order, set_order] = useState({ id: first_sort ?? '', down: false });
  const stacked = !virtual && cards;
  const wrap = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => {
    const sort = columns.find((column) => column.id === order.id)?.sort;
    if (!sort) return rows;
    const list = [...rows].sort((a, b) => compare(sort(a), sort(b)));
    return order.down ? list.reverse() : list;
  }, [rows, columns, order]);
  const virtualizer = useVirtualizer({
    count: virtual ? sorted.length : 0,
    getScrollElement: () => wrap.current,
    estimateSize: () => row_height,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const shown = virtual ? items.map((item) => sorted[item.index]!) : sorted;
  const above = items[0]?.start ?? 0;
  const below = virtual ? virtualizer.getTotalSize() - (items[items.length - 1]?.end ?? 0) : 0;
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div
      className="table-wrap"
      ref={wrap}
      tabIndex={virtual ? 0 : undefined}
      style={virtual ? { maxHeight: '70vh' } : undefined}
    >
      <table
        className={stacked ? 'table stacked' : virtual ? 'table virtual' : 'table'}
        aria-label={label}
        aria-rowcount={rows.length + 1}
      >
        <thead>
          <tr>
            {columns.map((column) => (
              <Head
                key={column.id}
                column={column}
                order={order}
                onSort={() =>
                  set_order({
                    id: column.id,
                    down: order.id === column.id ? !order.down : false,
                  })
                }
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <Spacer height={above} columns={columns.length} />}
          {shown.map((row) => (
            <Row
              key={row_key(row)}
              row={row}
              columns={columns}
              stacked={stacked}
              onOpen={onOpen}
              className={row_class?.(row)}
            />
          ))}
          {below > 0 && <Spacer height={below} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps<Row> {
  row: Row;
  columns: Column<Row>[];
  stacked: boolean;
  onOpen: ((row: Row) => void) | undefined;
  className: string | undefined;
}

function PlainRow<Row>({ row, columns, stacked, onOpen, className }: RowProps<Row>) {
  return (
    <tr
      className={[onOpen && 'clickable', className].filter(Boolean).join(' ')}
      onClick={onOpen && ((event) => from_control(event.target) || onOpen(row))}
    >
      {columns.map((column) => (
        <td
          key={column.id}
          data-head={stacked && !column.actions ? column.head : undefined}
          className={cell_class(column)}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

// Scrolling makes the rows that come into sight, and no others.
const Row = memo(PlainRow) as typeof PlainRow;

const from_control = (target: EventTarget) =>
  (target as HTMLElement).closest('button, a, input, select') !== null;

function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}

function cell_class<Row>({ actions, number, fit }: Column<Row>): string | undefined {
  if (actions) return 'actions';
  return [number && 'number', fit].filter(Boolean).join(' ') || undefined;
}

interface HeadProps<Row> {
  column: Column<Row>;
  order: { id: string; down: boolean };
  onSort: () => void;
}

function Head<Row>({ column, order, onSort }: HeadProps<Row>) {
  const active = order.id === column.id;
  return (
    <th
      scope="col"
      className={cell_class(column)}
      style={column.width ? { width: column.width } : undefined}
      aria-sort={active ? (order.down ? 'descending' : 'ascending') : undefined}
    >
      {column.sort ? (
        <button type="button" onClick={onSort}>
          {column.head}
          {active && <Icon name={order.down ? 'down' : 'up'} />}
        </button>
      ) : (
        (column.head_cell ?? (
          <span className={column.actions ? 'visually-hidden' : undefined}>{column.head}</span>
        ))
      )}
    </th>
  );
}
