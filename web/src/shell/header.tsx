import { lazy, Suspense, useState } from 'react';
import { liveness } from '../api/events';
import { session, sign_out } from '../api/session';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Menu } from '../kit/menu';
import { go, link_to } from '../state/route';
import { use_store } from '../state/store';
import logo from '../styles/logo.svg';
import { LanguageMenu, ThemeMenu } from './prefs-menus';
import { GlobalSearch } from './search';

const VmWizard = lazy(() => import('../wizard/vm').then((m) => ({ default: m.VmWizard })));
const CtWizard = lazy(() => import('../wizard/ct').then((m) => ({ default: m.CtWizard })));
const PasswordDialog = lazy(() =>
  import('../pages/access/password').then((m) => ({ default: m.PasswordDialog })),
);

export function Header({ onMenu }: { onMenu: () => void }) {
  const t = use_t();
  const { user, cap } = use_store(session);
  // A server that tells no capabilities decides when asked.
  const barred = cap.vms !== undefined && !cap.vms['VM.Allocate'];
  const create_title = barred ? t('create.not_allowed') : undefined;
  const [open, set_open] = useState<'vm' | 'ct' | 'password'>();
  const close = () => set_open(undefined);
  return (
    <>
      <header className="header">
        <span className="side-toggle">
          <Button variant="ghost" icon="menu" name={t('tree.label')} onClick={onMenu} />
        </span>
        <a className="brand" href={link_to('/datacenter')} aria-label="Posada">
          <img src={logo} alt="" />
          <span>Posada</span>
        </a>
        <GlobalSearch />
        <span className="grow" />
        <LiveBadge />
        <Button
          variant="primary"
          icon="screen"
          name={t('create.vm')}
          disabled={barred}
          title={create_title}
          onClick={() => set_open('vm')}
        >
          {t('create.vm')}
        </Button>
        <Button
          icon="box"
          name={t('create.ct')}
          disabled={barred}
          title={create_title}
          onClick={() => set_open('ct')}
        >
          {t('create.ct')}
        </Button>
        <LanguageMenu />
        <ThemeMenu />
        <Menu
          name={t('menu.user', { user })}
          icon="user"
          label={user}
          variant="ghost"
          items={[
            { text: t('menu.password'), icon: 'key', onChoose: () => set_open('password') },
            { text: t('menu.tokens'), icon: 'shield', onChoose: () => go('/datacenter/tokens') },
            {
              text: t('menu.sign_out'),
              icon: 'exit',
              apart: true,
              onChoose: () => void sign_out(),
            },
          ]}
        />
      </header>
      <Suspense>
        {open === 'vm' && <VmWizard onClose={close} />}
        {open === 'ct' && <CtWizard onClose={close} />}
        {open === 'password' && <PasswordDialog userid={user} own onClose={close} />}
      </Suspense>
    </>
  );
}

function LiveBadge() {
  const t = use_t();
  const state = use_store(liveness);
  if (state === 'live' || state === 'connecting') return null;
  return (
    <span
      className={`pill ${state === 'offline' ? 'bad' : 'warn'}`}
      role="status"
      title={t(`live.${state}_hint`)}
      data-live={state}
    >
      <span className={`dot ${state === 'offline' ? 'bad' : 'warn'}`} />
      {t(`live.${state}`)}
    </span>
  );
}
