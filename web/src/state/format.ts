// Figures as people read them, in the reader's language.
import { language, t } from '../i18n';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

// Making one costs far more than using it, and a table shows hundreds of figures a second.
const formatters = new Map<string, { format(value: number): string }>();

function formatter<F extends { format(value: number): string }>(
  kind: string,
  make: (language: string) => F,
) {
  const key = `${language.get()} ${kind}`;
  const known = formatters.get(key) ?? make(language.get());
  formatters.set(key, known);
  return known;
}

export const format_number = (value: number, digits = 0) =>
  formatter(
    `number ${digits}`,
    (spoken) => new Intl.NumberFormat(spoken, { maximumFractionDigits: digits }),
  ).format(value);

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
  const whole = { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' } as const;
  return formatter('time', (spoken) => new Intl.DateTimeFormat(spoken, whole)).format(
    seconds * 1000,
  );
}

const short = {
  day: '2-digit',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
} as const;

export const short_time = (seconds: number) =>
  formatter('short', (spoken) => new Intl.DateTimeFormat(spoken, short)).format(seconds * 1000);
