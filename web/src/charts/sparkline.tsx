// The last few minutes as a small line: drawn by hand, no library needed at first load.
interface Props {
  values: (number | undefined)[];
  top?: number;
  color?: string;
}

export function Sparkline({ values, top, color = 'var(--chart-1)' }: Props) {
  const known = values.filter((value) => value !== undefined);
  const high = top ?? Math.max(...known, 1e-9);
  const step = 100 / Math.max(1, known.length - 1);
  const points = known.map(
    (value, at) => `${(at * step).toFixed(2)},${(30 - 28 * Math.min(1, value / high)).toFixed(2)}`,
  );
  return (
    <svg className="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
      {known.length > 1 && (
        <>
          <polygon points={`0,32 ${points.join(' ')} 100,32`} fill={color} opacity="0.13" />
          <polyline
            points={points.join(' ')}
            fill="none"
            stroke={color}
            strokeWidth="1.6"
            vectorEffect="non-scaling-stroke"
          />
        </>
      )}
    </svg>
  );
}
