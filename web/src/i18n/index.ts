// The page's words. English is the source; a key that English lacks does not compile, and a test
// compares the other languages with it. One language is loaded at a time.
import i18next from 'i18next';
import type { ApiError } from '../api/client';
import { create_store, use_store } from '../state/store';

type Catalogue = typeof import('./en.json');
type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`;
}[keyof T & string];
type Plural<K> = K extends `${infer Base}_${'zero' | 'one' | 'other'}` ? Base : K;
export type Key = Plural<Leaves<Catalogue>>;
export type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

export const languages = { en: 'English', es: 'Español', ca: 'Català' } as const;
export type Language = keyof typeof languages;
const saved_key = 'posada.language';

const loaders: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('./en.json'),
  es: () => import('./es.json'),
  ca: () => import('./ca.json'),
};

export const language = create_store<Language>('en');

function first_language(): Language {
  let saved: string | null = null;
  try {
    saved = localStorage.getItem(saved_key);
  } catch {
    // Without storage the browser's own preference decides.
  }
  const wanted = [saved, ...navigator.languages].map((one) => one?.slice(0, 2));
  return (wanted.find((one) => one && one in languages) ?? 'en') as Language;
}

export async function set_language(next: Language): Promise<void> {
  const catalogue = await loaders[next]();
  i18next.addResourceBundle(next, 'page', catalogue.default, true, true);
  await i18next.changeLanguage(next);
  document.documentElement.lang = next;
  language.set(next);
}

export function choose_language(next: Language): void {
  try {
    localStorage.setItem(saved_key, next);
  } catch {
    // The choice then holds for this visit.
  }
  void set_language(next);
}

export async function start_i18n(): Promise<void> {
  await i18next.init({
    ns: 'page',
    defaultNS: 'page',
    fallbackLng: false,
    interpolation: { escapeValue: false },
    resources: {},
  });
  await set_language(first_language());
}

export const t: Translate = (key, values) => i18next.t(key, { ...values });

// Another function for each language: what was made with the old one (the columns of a table) is
// made again.
const of_language: Partial<Record<Language, Translate>> = {};

export function use_t(): Translate {
  const spoken = use_store(language);
  return (of_language[spoken] ??= (key, values) => t(key, values));
}

// For words whose key is made from what the server sent (a task type, an error code).
export function t_known(key: string, otherwise: string, values?: Values): string {
  return i18next.exists(key) ? i18next.t(key, { ...values }) : otherwise;
}

export function explain(error: unknown): { what: string; next: string; request?: string } {
  const failure = error as ApiError;
  const what =
    (failure.code && t_known(`error.${failure.code}.what`, '', failure.args)) ||
    t_known(`error.status.${failure.status}.what`, '', { message: failure.message }) ||
    failure.message ||
    String(error);
  const next =
    (failure.code && t_known(`error.${failure.code}.next`, '', failure.args)) ||
    failure.hint ||
    t_known(`error.status.${failure.status}.next`, t('error.next'));
  return { what, next, request: failure.request };
}
