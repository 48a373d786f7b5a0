import { format_percent } from '../state/format';

interface Props {
  label: string;
  fraction: number | undefined;
  text?: string;
}

// How full something is: amber from 80 %, red from 92 %. What is not known has no bar.
export function Meter({ label, fraction, text }: Props) {
  const value = Math.min(1, Math.max(0, fraction ?? 0));
  const tone = value >= 0.92 ? 'bad' : value >= 0.8 ? 'warn' : '';
  return (
    <div className="meter">
      <div className="meter-line">
        <b>{label}</b>
        <span className="muted">
          {fraction === undefined ? '–' : (text ?? format_percent(fraction))}
        </span>
      </div>
      {fraction !== undefined && <Bar fraction={value} tone={tone} label={label} role="meter" />}
    </div>
  );
}

interface BarProps {
  fraction: number | undefined;
  tone?: string;
  label: string;
  role?: 'meter' | 'progressbar';
}

// A bar whose fraction is unknown moves to and fro: something happens, nobody knows how long.
export function Bar({ fraction, tone = '', label, role = 'progressbar' }: BarProps) {
  const percent = fraction === undefined ? undefined : Math.round(fraction * 100);
  return (
    <div
      className={`bar ${fraction === undefined ? 'unknown' : tone}`}
      role={role}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </div>
  );
}
