import { choose_language, language, languages, use_t, type Language } from '../i18n';
import { Menu } from '../kit/menu';
import { choose_theme, theme, type Theme } from '../state/prefs';
import { use_store } from '../state/store';

const themes: Theme[] = ['system', 'light', 'dark'];

export function LanguageMenu() {
  const t = use_t();
  const now = use_store(language);
  return (
    <Menu
      name={`${t('menu.language')}: ${now.toUpperCase()}`}
      icon="globe"
      label={now.toUpperCase()}
      variant="ghost"
      items={(Object.keys(languages) as Language[]).map((one) => ({
        text: languages[one],
        checked: one === now,
        onChoose: () => choose_language(one),
      }))}
    />
  );
}

export function ThemeMenu() {
  const t = use_t();
  const now = use_store(theme);
  return (
    <Menu
      name={t('menu.theme')}
      icon={now === 'light' ? 'sun' : now === 'dark' ? 'moon' : 'screen'}
      variant="ghost"
      items={themes.map((one) => ({
        text: t(`theme.${one}`),
        checked: one === now,
        onChoose: () => choose_theme(one),
      }))}
    />
  );
}
