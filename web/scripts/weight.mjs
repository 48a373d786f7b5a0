// Prints what a first visit loads, compressed as the front sends it: the entry with everything it
// imports, one language, and then the frame with the first page after signing in.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);

export function weigh() {
  const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
  const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  const graph = (keys) => {
    const files = new Set();
    const walk = (key) => {
      const chunk = manifest[key];
      if (files.has(chunk.file)) return;
      files.add(chunk.file);
      for (const file of [...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
      (chunk.imports ?? []).forEach(walk);
    };
    keys.forEach(walk);
    return files;
  };
  const named = (name) => Object.keys(manifest).find((key) => manifest[key].name === name);
  const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
  const html = gzipSync(readFileSync(new URL('index.html', dist))).length;
  const entry = graph(['index.html', 'src/i18n/en.json']);
  const first_page = graph([
    'index.html',
    'src/i18n/en.json',
    named('shell'),
    'src/pages/datacenter/page.tsx',
  ]);
  return { entry: html + sum(entry), first_page: html + sum(first_page) };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { entry, first_page } = weigh();
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ entry, first_page }));
    process.exit(0);
  }
  console.log(`first load (sign-in):            ${(entry / 1000).toFixed(1)} kB compressed`);
  console.log(`with frame and first page:       ${(first_page / 1000).toFixed(1)} kB compressed`);
}
