import { useState } from 'react';
import { set_password } from '../../api/access';
import { session } from '../../api/session';
import { use_t } from '../../i18n';
import { TextField } from '../../kit/field';
import { toast_good } from '../../kit/toast';
import { EditDialog } from '../guest/edit-dialog';

// Changing a password asks for one's own, so that an open page in other hands is not enough.
export function PasswordDialog({
  userid,
  onClose,
}: {
  userid: string;
  own?: boolean;
  onClose: () => void;
}) {
  const t = use_t();
  const [own, set_own] = useState('');
  const [next, set_next] = useState('');
  const [again, set_again] = useState('');
  const differ = again !== '' && next !== again;
  return (
    <EditDialog
      title={t('users.password_of', { user: userid })}
      ready={next !== '' && next === again}
      onClose={onClose}
      save={async () => {
        await set_password(userid, next, own || undefined);
        toast_good(t('users.password_changed'));
      }}
    >
      {(errors) => (
        <>
          <TextField
            label={t('users.own_password', { user: session.get().user })}
            type="password"
            value={own}
            error={errors['confirmation-password']}
            onChange={set_own}
            autoComplete="current-password"
          />
          <TextField
            label={t('users.new_password')}
            hint={t('users.password_hint')}
            type="password"
            value={next}
            error={errors.password}
            onChange={set_next}
            autoComplete="new-password"
          />
          <TextField
            label={t('users.new_again')}
            type="password"
            value={again}
            error={differ ? t('users.differ') : undefined}
            onChange={set_again}
            autoComplete="new-password"
          />
        </>
      )}
    </EditDialog>
  );
}
