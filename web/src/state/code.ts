// The code of a view that could not be fetched: the node is away, or has a newer page by now. In
// both cases a fresh start of the page helps, as soon as the node answers.
import { liveness } from '../api/events';

const missing = new WeakSet<object>();
const key = 'posada.restarted';
const again_ms = 30_000;

export const is_missing_code = (error: object) => missing.has(error);

// Once: where it does not help, the error stays in sight.
function restart(): void {
  try {
    if (Date.now() - Number(sessionStorage.getItem(key)) < again_ms) return;
    sessionStorage.setItem(key, String(Date.now()));
  } catch {
    return;
  }
  location.reload();
}

export function watch_code(): void {
  window.addEventListener('vite:preloadError', (event) => {
    missing.add(event.payload);
    const stop = liveness.subscribe(look);
    function look(): void {
      if (liveness.get() !== 'live') return;
      stop();
      restart();
    }
    look();
  });
}
