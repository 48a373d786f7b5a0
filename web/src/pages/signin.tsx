import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { list_realms } from '../api/access';
import { sign_in, sign_in_second, type SecondFactor } from '../api/session';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { SelectField, TextField } from '../kit/field';
import { Failure, Notice } from '../kit/notice';
import { LanguageMenu, ThemeMenu } from '../shell/prefs-menus';
import { use_form_action } from '../state/action';
import logo from '../styles/logo.svg';

export function SignIn({ expired }: { expired: boolean }) {
  const t = use_t();
  const [user, set_user] = useState('');
  const [password, set_password] = useState('');
  const [realm, set_realm] = useState('');
  const [factor, set_factor] = useState<SecondFactor>();
  const [code, set_code] = useState('');
  const { busy, error, submit } = use_form_action();
  const realms = useQuery({ queryKey: ['realms'], queryFn: list_realms });
  const list = realms.data ?? [];
  const standard = list.find((one) => one.default) ?? list.find((one) => one.realm === 'pve');
  const chosen = realm || standard?.realm || list[0]?.realm || 'pam';
  const send = () =>
    submit(async () => {
      if (factor) await sign_in_second(factor, code.trim());
      else set_factor(await sign_in(user.trim(), chosen, password));
    });
  return (
    <div className="signin">
      <header className="signin-top">
        <LanguageMenu />
        <ThemeMenu />
      </header>
      <main className="signin-card">
        <div className="brand">
          <img src={logo} alt="" />
          <div>
            <h1>Posada</h1>
            <p className="muted">{t('signin.welcome')}</p>
          </div>
        </div>
        {expired && !error && <Notice tone="warn">{t('signin.expired')}</Notice>}
        {error !== undefined && <Failure error={error} />}
        {realms.isError && <Failure error={realms.error} onRetry={() => void realms.refetch()} />}
        <form
          className="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          {factor ? (
            <TextField
              label={t('signin.code')}
              hint={t('signin.code_hint')}
              value={code}
              onChange={set_code}
              autoComplete="one-time-code"
            />
          ) : (
            <>
              <TextField
                label={t('signin.user')}
                name="username"
                value={user}
                onChange={set_user}
                autoComplete="username"
              />
              <TextField
                label={t('signin.password')}
                name="password"
                type="password"
                value={password}
                onChange={set_password}
                autoComplete="current-password"
              />
              <SelectField
                label={t('signin.realm')}
                name="realm"
                value={chosen}
                onChange={set_realm}
                choices={list.map((one) => ({
                  value: one.realm,
                  text: one.comment ? `${one.realm} – ${one.comment}` : one.realm,
                }))}
              />
            </>
          )}
          <Button
            type="submit"
            variant="primary"
            busy={busy}
            disabled={factor ? !code : !user || !password}
          >
            {t('signin.enter')}
          </Button>
        </form>
      </main>
      <footer className="signin-foot">{t('signin.foot')}</footer>
    </div>
  );
}
