import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { resume } from './api/session';
import { App } from './app';
import { start_i18n } from './i18n';
import { watch_code } from './state/code';
import { start_theme } from './state/prefs';
import './styles/base.css';
import './styles/kit.css';
import './styles/shell.css';

start_theme();
watch_code();
await Promise.all([start_i18n(), resume()]);
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
