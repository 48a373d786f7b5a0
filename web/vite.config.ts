import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  base: '/',
  build: {
    target: 'es2022',
    outDir: 'dist',
    // A data: URL would need a wider content security policy than the page has.
    assetsInlineLimit: 0,
    // The polyfill is an inline script in spirit: every browser that runs the page has preload.
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api2': {
        target: process.env.POSADA_URL ?? 'http://127.0.0.1:8807',
        secure: false,
        ws: true,
      },
    },
  },
});
