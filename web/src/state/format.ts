// Figures as people read them, in the reader's language.
import { language, t } from '../i18n';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function format_number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language.get(), {
    maximumFractionDigits: digits,
    minimumFractionDigits: 0,
  }).format(value);
}

export function format_bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  let unit = 0;
  let left = value;
  while (Math.abs(left) >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${format_number(left, left >= 100 || unit === 0 ? 0 : left >= 10 ? 1 : 2)} ${units[unit]}`;
}

export const format_rate = (value: number | undefined) =>
  value === undefined ? '–' : `${format_bytes(value)}/s`;

export function format_percent(fraction: number | undefined, digits = 1): string {
  if (fraction === undefined || !Number.isFinite(fraction)) return '–';
  return `${format_number(fraction * 100, digits)} %`;
}

export function format_duration(seconds: number | undefined): string {
  if (seconds === undefined || seconds < 0) return '–';
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const rest = Math.floor(seconds % 60);
  if (days > 0) return t('time.days_hours', { count: days, hours });
  if (hours > 0) return t('time.hours_minutes', { hours, minutes });
  if (minutes > 0) return t('time.minutes_seconds', { minutes, seconds: rest });
  return t('time.seconds', { seconds: rest });
}

export function format_time(seconds: number | undefined): string {
  if (!seconds) return '–';
  return new Intl.DateTimeFormat(language.get(), {
    dateStyle: 'medium',
    timeStyle: 'medium',
    hourCycle: 'h23',
  }).format(seconds * 1000);
}

export const short_time = (seconds: number) =>
  new Intl.DateTimeFormat(language.get(), {
    day: '2-digit',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(seconds * 1000);
