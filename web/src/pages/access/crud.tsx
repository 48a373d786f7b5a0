// A list that can be added to, changed and shortened: users, groups, roles and their kin.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Confirm } from '../../kit/confirm';
import type { IconName } from '../../kit/icon';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table, type Column } from '../../kit/table';

interface Dialog {
  onClose: () => void;
  onDone: () => Promise<void>;
}

export interface DialogProps<Row> extends Dialog {
  edited: Row | undefined;
}

interface Props<Row> {
  title: string;
  icon: IconName;
  add: string;
  empty: string;
  // What the list is kept under; asked for again after each change.
  query_key: string[];
  load: () => Promise<Row[]>;
  columns: Column<Row>[];
  row_key: (row: Row) => string;
  fixed?: (row: Row) => boolean;
  editable?: boolean;
  remove: (row: Row) => Promise<unknown>;
  remove_text: string;
  row_tools?: (row: Row) => ReactNode;
  editor: (edited: Row | undefined, dialog: Dialog) => ReactNode;
}

export function Crud<Row>(props: Props<Row>) {
  const t = use_t();
  const { query_key, load, row_key, fixed, editable = true } = props;
  const client = useQueryClient();
  const query = useQuery({ queryKey: query_key, queryFn: load });
  const refresh = () => client.invalidateQueries({ queryKey: query_key });
  const [opened, set_opened] = useState<{ edited: Row | undefined }>();
  const [doomed, set_doomed] = useState<Row>();
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const actions: Column<Row> = {
    id: 'actions',
    head: t('field.actions'),
    actions: true,
    cell: (row) => (
      <>
        {props.row_tools?.(row)}{' '}
        {editable && !fixed?.(row) && (
          <Button
            small
            icon="edit"
            name={t('action.edit_named', { name: row_key(row) })}
            onClick={() => set_opened({ edited: row })}
          />
        )}{' '}
        {!fixed?.(row) && (
          <Button
            small
            variant="danger"
            icon="trash"
            name={t('action.delete_named', { name: row_key(row) })}
            onClick={() => set_doomed(row)}
          />
        )}
      </>
    ),
  };
  return (
    <Card
      title={props.title}
      flush
      tools={
        <Button
          small
          variant="primary"
          icon="plus"
          onClick={() => set_opened({ edited: undefined })}
        >
          {props.add}
        </Button>
      }
    >
      <Table<Row>
        label={props.title}
        rows={query.data}
        row_key={row_key}
        columns={[...props.columns, actions]}
        first_sort={props.columns[0]?.id}
        empty={<Empty icon={props.icon}>{props.empty}</Empty>}
      />
      {opened &&
        props.editor(opened.edited, { onClose: () => set_opened(undefined), onDone: refresh })}
      {doomed && (
        <Confirm
          title={t('action.delete_named', { name: row_key(doomed) })}
          action={t('action.delete')}
          danger
          onClose={() => set_doomed(undefined)}
          onConfirm={async () => {
            await props.remove(doomed);
            await refresh();
          }}
        >
          <p>{props.remove_text}</p>
        </Confirm>
      )}
    </Card>
  );
}
