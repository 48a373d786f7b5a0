// Dark, light, or as the system says.
import { create_store } from './store';

export type Theme = 'system' | 'light' | 'dark';
const key = 'posada.theme';
const system_dark = matchMedia('(prefers-color-scheme: dark)');

function saved(): Theme {
  try {
    const value = localStorage.getItem(key);
    if (value === 'light' || value === 'dark') return value;
  } catch {
    // No storage: as the system says.
  }
  return 'system';
}

export const theme = create_store<Theme>(saved());
export const shown_theme = create_store<'light' | 'dark'>('light');

function show(): void {
  const wanted = theme.get();
  const dark = wanted === 'dark' || (wanted === 'system' && system_dark.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  shown_theme.set(dark ? 'dark' : 'light');
}

export function choose_theme(next: Theme): void {
  theme.set(next);
  try {
    localStorage.setItem(key, next);
  } catch {
    // Holds for this visit.
  }
  show();
}

export function start_theme(): void {
  system_dark.addEventListener('change', show);
  show();
}
