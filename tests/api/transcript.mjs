// Reads a transcript (.api file) into steps. Called by run.mjs; talks to no server.
// Every error names file and line, so that a typing mistake is never taken for a passed test.

const METHOD = /^(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH)\s+(\S+)(?:\s+(.*))?$/;
const STATUS = /^(\d{3}|\*|refused)(?:\s+(.*))?$/;
const HEADER = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/;
const ESCAPES = { n: '\n', r: '\r', t: '\t', 0: '\0', '"': '"', '\\': '\\' };

/** Splits `a=1 b="two words\n"` into words; quotes group, a backslash escapes inside them. */
export function split_words(text) {
  const words = [];
  let word = '';
  let open = false;
  let seen = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (open && c === '\\') {
      i += 1;
      if (!(text[i] in ESCAPES)) throw new Error(`unknown escape \\${text[i] ?? ''}`);
      word += ESCAPES[text[i]];
    } else if (c === '"') {
      open = !open;
      seen = true;
    } else if (!open && /\s/.test(c)) {
      if (seen || word) words.push(word);
      word = '';
      seen = false;
    } else {
      word += c;
    }
  }
  if (open) throw new Error('a quote is not closed');
  if (seen || word) words.push(word);
  return words;
}

function parse_parameters(text) {
  return split_words(text ?? '').map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new Error(`'${word}' is no parameter; write name=value`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function parse_request(line) {
  const [, method, path, rest] = METHOD.exec(line);
  if (!path.startsWith('/')) throw new Error(`the path '${path}' does not start with /`);
  return { method, path, parameters: parse_parameters(rest), headers: {}, body: undefined };
}

// Lines between the request line and the status line: headers, `csrf none`, `body …`.
function add_request_line(request, line) {
  if (line === 'csrf none') {
    request.csrf = false;
  } else if (line.startsWith('body ')) {
    request.body = line.slice(5);
  } else {
    const header = HEADER.exec(line);
    if (!header) throw new Error(`'${line}' is neither a header, a body nor a status`);
    request.headers[header[1]] = header[2];
  }
}

// Lines after the status line. JSON goes on to the end of the block.
function add_expectation(expect, lines, index) {
  const line = lines[index];
  if (/^[{[]/.test(line) || line === 'null') {
    expect.json = lines.slice(index).join('\n');
    return lines.length;
  }
  const found = /^(exact|empty|task|error|header|text|capture|retry)(?:\s+(.*))?$/.exec(line);
  if (!found) throw new Error(`'${line}' is no expectation`);
  const [, word, rest] = found;
  if (word === 'exact' || word === 'empty') expect[word] = true;
  else if (word === 'task' || word === 'text') expect[word] = rest ?? '';
  else if (word === 'retry') expect.retry = Number(rest);
  else if (word === 'capture') {
    const [, name, path] = /^([a-z_]+) = (\S+)$/.exec(rest ?? '') ?? [];
    if (!name) throw new Error('write: capture NAME = data.member');
    expect.captures.push([name, path]);
  } else {
    const [, name, text] = /^([^\s:]+): ?(.*)$/.exec(rest ?? '') ?? [];
    if (!name) throw new Error(`write: ${word} NAME: text`);
    expect[word === 'error' ? 'errors' : 'headers'].push([name, text]);
  }
  return index + 1;
}

function parse_exchange(lines) {
  const request = parse_request(lines[0]);
  let index = 1;
  while (index < lines.length && !STATUS.test(lines[index])) {
    add_request_line(request, lines[index]);
    index += 1;
  }
  if (index === lines.length) throw new Error('the exchange has no status line');
  const [, status, reason] = STATUS.exec(lines[index]);
  const expect = { status, reason, captures: [], errors: [], headers: [] };
  index += 1;
  while (index < lines.length) index = add_expectation(expect, lines, index);
  return { kind: 'exchange', request, expect };
}

function parse_block(lines) {
  if (METHOD.test(lines[0])) return parse_exchange(lines);
  if (lines.length > 1) throw new Error('only an exchange may go on over several lines');
  const [word, ...rest] = split_words(lines[0]);
  if (word === 'as') return { kind: 'as', words: rest };
  if (word === 'let' && rest[1] === '=' && rest.length === 3) {
    return { kind: 'let', name: rest[0], value: rest[2] };
  }
  if (word === 'clean') return { kind: 'clean', request: parse_request(lines[0].slice(6)) };
  throw new Error(`'${lines[0]}' is no request; expected METHOD /path, as, let or clean`);
}

/** Steps of a transcript: {kind, line, title, …}. `file` is used in errors only. */
export function parse_transcript(text, file) {
  const steps = [];
  let block = [];
  let start = 0;
  let title = '';
  const finish = () => {
    if (block.length === 0) return;
    try {
      steps.push({ ...parse_block(block), line: start, title });
    } catch (error) {
      throw new Error(`${file}:${start}: ${error.message}`);
    }
    block = [];
    title = '';
  };
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    const single = /^(as|let|clean)\s/.test(line) && block.length === 0;
    if (line.startsWith('#')) {
      finish();
      title = line.slice(1).trim();
    } else if (line === '') {
      finish();
    } else {
      if (block.length === 0) start = index + 1;
      block.push(line);
      if (single) finish();
    }
  });
  finish();
  return steps;
}
