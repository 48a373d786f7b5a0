import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// The front serves files as they lie on disk; a compressed twin beside each text asset
// spares it the work of compressing the same bytes for every visitor.
function compressed_twins(): Plugin {
  return {
    name: 'compressed-twins',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        if (!/\.(js|css|svg|html|json)$/.test(name)) continue;
        const source = file.type === 'chunk' ? file.code : file.source;
        this.emitFile({
          type: 'asset',
          fileName: `${name}.gz`,
          source: gzipSync(source, { level: 9 }),
        });
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed_twins()],
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
