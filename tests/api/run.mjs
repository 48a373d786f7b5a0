// Plays transcripts (.api files, see README.md) against a server of this API, one after the other.
// Prints each exchange that differs as file:line with what was expected and what came, and ends
// with the line `N passed, N failed`. Exit code: 0 all passed, 1 some failed, 2 could not start.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Identity, encode, send } from './client.mjs';
import { differences, fill, text_fits, value_at } from './match.mjs';
import { parse_transcript } from './transcript.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const TASK_SECONDS = 60;
const FORM = 'application/x-www-form-urlencoded';

const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

function read_options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: process.env.POSADA_URL },
      user: { type: 'string', default: process.env.POSADA_USER },
      password: { type: 'string', default: process.env.POSADA_PASSWORD },
      token: { type: 'string', default: process.env.POSADA_TOKEN },
      verbose: { type: 'boolean', default: false },
    },
  });
  if (!values.url) throw new Error('--url https://host:8006 (or POSADA_URL) is missing');
  if (!values.token && !(values.user && values.password)) {
    throw new Error('--token, or --user and --password, are missing');
  }
  const found = readdirSync(HERE, { recursive: true }).filter((name) => name.endsWith('.api'));
  const files = positionals.length > 0 ? positionals : found.sort().map((name) => join(HERE, name));
  return { ...values, files };
}

class Run {
  constructor(options) {
    this.options_ = options;
    this.passed = 0;
    this.failed = 0;
  }

  // The administrator asks with the ticket when there is a password, else with the token.
  async start() {
    const { url, user, password, token } = this.options_;
    this.admin_ = user && password
      ? await Identity.sign_in(url, user, password)
      : Identity.token(token);
    const answer = await this.exchange_({ method: 'GET', path: '/nodes' }, this.admin_, {});
    if (answer.status !== 200) throw new Error(`GET /nodes: ${answer.status} ${answer.reason}`);
    const online = answer.json.data.find((node) => node.status === 'online');
    if (!online) throw new Error('no node is online');
    this.variables_ = { node: online.node, user: user ?? '', password: password ?? '' };
  }

  async exchange_(request, identity, variables) {
    const filled = (request.parameters ?? [])
      .map(([name, value]) => [name, fill(value, variables)]);
    const with_body = request.method === 'POST' || request.method === 'PUT';
    const headers = identity.headers(request.method, request.csrf !== false);
    let path = fill(request.path, variables);
    if (!path.startsWith('/api2')) path = `/json${path}`;
    else path = path.slice('/api2'.length);
    let body;
    if (request.body !== undefined) {
      body = fill(request.body, variables);
    } else if (with_body && filled.length > 0) {
      body = encode(filled);
      headers['Content-Type'] = FORM;
    } else if (filled.length > 0) {
      path += `${path.includes('?') ? '&' : '?'}${encode(filled)}`;
    }
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      headers[name] = fill(value, variables);
    }
    if (body !== undefined || with_body) headers['Content-Length'] = Buffer.byteLength(body ?? '');
    return send(this.options_.url, request.method, path, headers, body);
  }

  // Exit status of a task, asked for until the task has stopped.
  async task_result_(upid) {
    const node = upid.split(':')[1];
    const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`;
    const deadline = Date.now() + TASK_SECONDS * 1000;
    for (;;) {
      const answer = await this.exchange_({ method: 'GET', path }, this.admin_, {});
      if (answer.status !== 200) return `${answer.status} ${answer.reason}`;
      if (answer.json.data.status === 'stopped') return answer.json.data.exitstatus;
      if (Date.now() > deadline) return `still running after ${TASK_SECONDS} s`;
      await wait(200);
    }
  }

  async identity_(words, variables) {
    const [who, secret] = words.map((word) => fill(word, variables));
    if (who === 'admin') return this.admin_;
    if (who === 'nobody') return Identity.nobody();
    if (who === 'token') return Identity.token(secret);
    return Identity.sign_in(this.options_.url, who, secret);
  }

  async attempt_(step, identity, variables) {
    const answer = await this.exchange_(step.request, identity, variables);
    const found = differences(step.expect, answer, variables);
    if (step.expect.task !== undefined && found.length === 0) {
      const upid = String(answer.json?.data ?? '');
      const result = upid.startsWith('UPID:') ? await this.task_result_(upid) : `no task: ${upid}`;
      const wanted = fill(step.expect.task, variables);
      if (!text_fits(wanted, result)) found.push(`task: expected '${wanted}', got '${result}'`);
    }
    for (const [name, path] of step.expect.captures) {
      const value = value_at(answer.json, path);
      if (value === undefined) found.push(`nothing to capture at ${path}`);
      else variables[name] = String(value);
    }
    return found;
  }

  // A `retry` step may differ for so many seconds: for states that follow a change.
  async play_exchange_(step, identity, variables) {
    const deadline = Date.now() + (step.expect.retry ?? 0) * 1000;
    for (;;) {
      let found;
      try {
        found = await this.attempt_(step, identity, variables);
      } catch (error) {
        found = [error.message];
      }
      if (found.length === 0 || Date.now() >= deadline) return found;
      await wait(300);
    }
  }

  // What is left of an earlier run goes away; that there is nothing is no failure.
  async clean_(request, variables) {
    const answer = await this.exchange_(request, this.admin_, variables);
    const upid = answer.json?.data;
    if (typeof upid === 'string' && upid.startsWith('UPID:')) await this.task_result_(upid);
  }

  report_(file, step, found) {
    if (found.length === 0) {
      this.passed += 1;
      return;
    }
    this.failed += 1;
    const what = step.request ? `${step.request.method} ${step.request.path}` : step.words?.[0];
    console.log(`${relative(process.cwd(), file)}:${step.line}: ${step.title || what}`);
    if (step.title) console.log(`    ${what}`);
    for (const line of found) console.log(`    ${line}`);
  }

  async play_file(file) {
    const variables = { ...this.variables_ };
    let identity = this.admin_;
    for (const step of parse_transcript(readFileSync(file, 'utf8'), file)) {
      if (this.options_.verbose) console.log(`${file}:${step.line}`);
      if (step.kind === 'exchange') {
        this.report_(file, step, await this.play_exchange_(step, identity, variables));
      } else if (step.kind === 'let') {
        variables[step.name] = fill(step.value, variables);
      } else {
        try {
          if (step.kind === 'clean') await this.clean_(step.request, variables);
          else identity = await this.identity_(step.words, variables);
        } catch (error) {
          this.report_(file, step, [error.message]);
          if (step.kind === 'as') identity = Identity.nobody();
        }
      }
    }
  }
}

async function main() {
  const options = read_options();
  const run = new Run(options);
  await run.start();
  for (const file of options.files) await run.play_file(file);
  console.log(`${run.passed} passed, ${run.failed} failed`);
  return run.failed > 0 ? 1 : 0;
}

main().then((code) => { process.exitCode = code; }, (error) => {
  console.error(error.message);
  process.exitCode = 2;
});
