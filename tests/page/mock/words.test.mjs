import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const source = new URL('../../../web/src/', import.meta.url);
const read = (language) =>
  JSON.parse(readFileSync(new URL(`i18n/${language}.json`, source), 'utf8'));

function flat(catalogue, prefix = '') {
  return Object.entries(catalogue).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value]] : flat(value, `${prefix}${key}.`),
  );
}

const english = new Map(flat(read('en')));
const holes = (text) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();

for (const language of ['es', 'ca']) {
  test(`${language} has every word that English has, and no other`, () => {
    const words = new Map(flat(read(language)));
    assert.deepEqual([...words.keys()].sort(), [...english.keys()].sort());
  });

  test(`${language} fills in the same values as English`, () => {
    for (const [key, text] of flat(read(language))) {
      assert.ok(text.trim(), `${key} is empty`);
      assert.deepEqual(holes(text), holes(english.get(key) ?? ''), key);
    }
  });
}

test('every word that the page asks for is in the catalogue', () => {
  const known = new Set([...english.keys()].map((key) => key.replace(/_(zero|one|other)$/, '')));
  const missing = [];
  for (const name of readdirSync(source, { recursive: true })) {
    if (!/\.tsx?$/.test(name)) continue;
    const text = readFileSync(new URL(name, source), 'utf8');
    for (const [, key] of text.matchAll(/\bt\(\s*'([\w.]+)'/g)) {
      if (!known.has(key)) missing.push(`${name}: ${key}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every word in the catalogue is asked for somewhere', () => {
  const literals = new Set();
  const patterns = [];
  for (const name of readdirSync(source, { recursive: true })) {
    if (!/\.tsx?$/.test(name)) continue;
    const text = readFileSync(new URL(name, source), 'utf8');
    for (const [, key] of text.matchAll(/'([\w.-]+)'/g)) literals.add(key);
    for (const [, key] of text.matchAll(/`([\w.-]+\.[^`\s]*\$\{[^`\s]+)`/g)) {
      const parts = key.split(/\$\{[^}]*\}/).map((part) => part.replaceAll('.', '\\.'));
      patterns.push(new RegExp(`^${parts.join('.+')}$`));
    }
  }
  const unused = [...english.keys()].filter((key) => {
    const base = key.replace(/_(zero|one|other)$/, '');
    return !literals.has(base) && !patterns.some((pattern) => pattern.test(base));
  });
  assert.deepEqual(unused, []);
});
