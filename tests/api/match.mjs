// Compares an answer with what a transcript expects. Pure functions, called by run.mjs.

/** Puts {name} of known variables in; other braces stay, so that JSON passes through. */
export function fill(text, variables) {
  return text.replace(/\{([a-z_]+)\}/g, (whole, name) => variables[name] ?? whole);
}

/** True when `text` fits `pattern`, in which `*` stands for any run of characters. */
export function text_fits(pattern, text) {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`).test(text);
}

function array_difference(expected, actual, exact, path) {
  if (!Array.isArray(actual)) return `${path}: expected a list, got ${JSON.stringify(actual)}`;
  if (expected.includes('...')) {
    for (const item of expected.filter((one) => one !== '...')) {
      if (!actual.some((one) => json_difference(item, one, exact, '') === null)) {
        return `${path}: no element is like ${JSON.stringify(item)}`;
      }
    }
    return null;
  }
  if (expected.length !== actual.length) {
    return `${path}: expected ${expected.length} elements, got ${actual.length}`;
  }
  for (let i = 0; i < expected.length; i += 1) {
    const found = json_difference(expected[i], actual[i], exact, `${path}[${i}]`);
    if (found !== null) return found;
  }
  return null;
}

function object_difference(expected, actual, exact, path) {
  if (actual === null || typeof actual !== 'object' || Array.isArray(actual)) {
    return `${path}: expected an object, got ${JSON.stringify(actual)}`;
  }
  for (const [key, value] of Object.entries(expected)) {
    if (!(key in actual)) return `${path}.${key}: missing`;
    const found = json_difference(value, actual[key], exact, `${path}.${key}`);
    if (found !== null) return found;
  }
  const further = exact ? Object.keys(actual).filter((key) => !(key in expected)) : [];
  return further.length > 0 ? `${path}: not expected: ${further.join(', ')}` : null;
}

/** First difference as text, or null. */
export function json_difference(expected, actual, exact, path = '') {
  if (expected === '*') return null;
  if (Array.isArray(expected)) return array_difference(expected, actual, exact, path);
  if (expected !== null && typeof expected === 'object') {
    return object_difference(expected, actual, exact, path);
  }
  if (typeof expected === 'string' && typeof actual === 'string') {
    if (text_fits(expected, actual)) return null;
  } else if (expected === actual) {
    return null;
  }
  return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
}

/** Value at `data.0.name` in `json`; undefined when there is none. */
export function value_at(json, path) {
  return path.split('.').reduce((value, key) => value?.[key], json);
}

function body_differences(expect, answer, variables) {
  const found = [];
  if (expect.empty && answer.text !== '') found.push(`expected an empty body, got ${answer.text}`);
  if (expect.text !== undefined && !text_fits(fill(expect.text, variables), answer.text)) {
    found.push(`expected the body ${expect.text}, got ${answer.text.slice(0, 400)}`);
  }
  for (const [name, text] of expect.errors) {
    const got = answer.json?.errors?.[name];
    if (typeof got !== 'string' || !text_fits(fill(text, variables), got.replace(/\n$/, ''))) {
      found.push(`errors.${name}: expected '${text}', got ${JSON.stringify(got)}`);
    }
  }
  if (expect.json !== undefined) {
    const pattern = JSON.parse(fill(expect.json, variables));
    const difference = answer.json === undefined
      ? `expected JSON, got ${JSON.stringify(answer.text.slice(0, 200))}`
      : json_difference(pattern, answer.json, expect.exact, '');
    if (difference !== null) found.push(difference);
  }
  return found;
}

/** All differences between the expectation and the answer, as lines of text. */
export function differences(expect, answer, variables) {
  const found = [];
  const reason = expect.reason === undefined ? undefined : fill(expect.reason, variables);
  const status_fits = expect.status === '*' || Number(expect.status) === answer.status
    || (expect.status === 'refused' && answer.status >= 400 && answer.status < 502);
  if (!status_fits || (reason !== undefined && !text_fits(reason, answer.reason))) {
    found.push(`expected ${expect.status} ${reason ?? ''}`.trimEnd());
    found.push(`got      ${answer.status} ${answer.reason} ${answer.text.slice(0, 400)}`.trimEnd());
  }
  for (const [name, text] of expect.headers) {
    const got = answer.headers[name.toLowerCase()] ?? '';
    if (!text_fits(fill(text, variables), got)) {
      found.push(`header ${name}: expected '${text}', got '${got}'`);
    }
  }
  return found.concat(body_differences(expect, answer, variables));
}
