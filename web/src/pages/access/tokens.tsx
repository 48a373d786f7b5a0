import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  change_token,
  create_token,
  list_tokens,
  list_users,
  remove_token,
} from '../../api/access';
import { session } from '../../api/session';
import type { Token } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Dialog } from '../../kit/dialog';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { Notice } from '../../kit/notice';
import { toast_good } from '../../kit/toast';
import { format_time } from '../../state/format';
import { EditDialog } from '../guest/edit-dialog';
import { Crud, type DialogProps } from './crud';

export function Tokens() {
  const t = use_t();
  const [user, set_user] = useState(session.get().user);
  const [secret, set_secret] = useState<{ id: string; value: string }>();
  const users = useQuery({ queryKey: ['users'], queryFn: list_users });
  const names = new Set([user, ...(users.data ?? []).map((one) => one.userid)]);
  return (
    <div className="stack">
      <div className="narrow">
        <SelectField
          label={t('tokens.of_user')}
          value={user}
          onChange={set_user}
          choices={[...names].map((one) => ({ value: one, text: one }))}
        />
      </div>
      <Crud<Token>
        key={user}
        title={t('view.tokens')}
        icon="key"
        add={t('tokens.add')}
        empty={t('tokens.none')}
        query_key={['tokens', user]}
        load={() => list_tokens(user)}
        row_key={(token) => token.tokenid}
        remove={(token) => remove_token(user, token.tokenid)}
        remove_text={t('tokens.remove_text')}
        columns={[
          {
            id: 'id',
            head: t('tokens.id'),
            cell: (token) => <code>{`${user}!${token.tokenid}`}</code>,
            sort: (token) => token.tokenid,
          },
          {
            id: 'sep',
            head: t('tokens.separate'),
            cell: (token) => (token.privsep ? t('state.yes') : t('state.no')),
          },
          {
            id: 'expire',
            head: t('tokens.expires'),
            cell: (token) => (token.expire ? format_time(token.expire) : t('tokens.never')),
          },
          { id: 'comment', head: t('field.comment'), cell: (token) => token.comment },
        ]}
        editor={(edited, dialog) => (
          <TokenDialog user={user} edited={edited} onSecret={set_secret} {...dialog} />
        )}
      />
      {secret && <SecretDialog {...secret} onClose={() => set_secret(undefined)} />}
    </div>
  );
}

interface TokenProps extends DialogProps<Token> {
  user: string;
  onSecret: (secret: { id: string; value: string }) => void;
}

function TokenDialog({ user, edited, onClose, onDone, onSecret }: TokenProps) {
  const t = use_t();
  const [id, set_id] = useState(edited?.tokenid ?? '');
  const [separate, set_separate] = useState(edited ? !!edited.privsep : true);
  const [comment, set_comment] = useState(edited?.comment ?? '');
  const [until, set_until] = useState('');
  const save = async () => {
    const expire = until ? Math.floor(new Date(until).getTime() / 1000) : undefined;
    const params = { privsep: separate, comment, expire };
    if (edited) await change_token(user, id, params);
    else {
      const answer = await create_token(user, id, { ...params, comment: comment || undefined });
      onSecret({ id: answer['full-tokenid'], value: answer.value });
    }
    await onDone();
  };
  return (
    <EditDialog
      title={edited ? t('action.edit_named', { name: id }) : t('tokens.add')}
      action={edited ? undefined : t('action.add')}
      ready={id !== ''}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <div className="form">
          <TextField
            label={t('tokens.name')}
            value={id}
            disabled={!!edited}
            error={errors.tokenid}
            onChange={set_id}
          />
          <TextField
            label={t('tokens.expires')}
            hint={t('tokens.expires_hint')}
            type="datetime-local"
            value={until}
            error={errors.expire}
            onChange={set_until}
          />
          <TextField whole label={t('field.comment')} value={comment} onChange={set_comment} />
          <CheckField
            whole
            label={t('tokens.separate')}
            hint={t('tokens.separate_hint')}
            checked={separate}
            onChange={set_separate}
          />
        </div>
      )}
    </EditDialog>
  );
}

function SecretDialog({ id, value, onClose }: { id: string; value: string; onClose: () => void }) {
  const t = use_t();
  const copy = async () => {
    await navigator.clipboard.writeText(`${id}=${value}`);
    toast_good(t('tokens.copied'));
  };
  return (
    <Dialog
      title={t('tokens.secret')}
      onClose={onClose}
      foot={
        <>
          <Button icon="copy" onClick={() => void copy()}>
            {t('tokens.copy')}
          </Button>
          <Button variant="primary" onClick={onClose}>
            {t('action.close')}
          </Button>
        </>
      }
    >
      <Notice tone="warn">{t('tokens.secret_once')}</Notice>
      <TextField label={t('tokens.id')} value={id} readOnly onChange={() => undefined} />
      <TextField label={t('tokens.secret')} value={value} readOnly onChange={() => undefined} />
    </Dialog>
  );
}
