// A stand-in for a node: enough of its API, with data that moves, to work on the page.
//   node mock/server.mjs [--port 8807] [--guests 14] [--no-events] [--hostile] [--vnc UNIX_SOCKET]
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { World } from './data.mjs';
import { answer } from './routes.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function send_file(request, response) {
  const path = normalize(new URL(request.url, 'http://x').pathname);
  const file = join(dist, path === '/' ? 'index.html' : path);
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy': policy,
  });
  createReadStream(file).pipe(response);
}

async function read_body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function events(world, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let number = 0;
  const send = (name, data) => {
    number += 1;
    response.write(`id: 1:${number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  send('snapshot', { resources: [...world.rows.values()], tasks: world.tasks.slice(0, 50) });
  world.listeners.add(send);
  const ping = setInterval(() => send('ping', {}), 15_000);
  response.on('close', () => {
    clearInterval(ping);
    world.listeners.delete(send);
  });
}

export function start_mock({
  port = 8807,
  guests = 14,
  with_events = true,
  with_hostile = true,
  vnc,
} = {}) {
  const world = new World({ guests, with_hostile });
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://x');
    if (!url.pathname.startsWith('/api2/')) return send_file(request, response);
    const signed_in = /PVEAuthCookie=[^;]+/.test(request.headers.cookie ?? '');
    if (url.pathname === '/api2/events') {
      if (!with_events || !signed_in) return response.writeHead(with_events ? 401 : 501).end();
      return events(world, response);
    }
    const body = await read_body(request);
    const multipart = (request.headers['content-type'] ?? '').startsWith('multipart/');
    const params = Object.fromEntries([
      ...url.searchParams,
      ...(multipart ? [] : new URLSearchParams(body.toString())),
    ]);
    if (multipart) params.body = body.toString('latin1');
    const path = url.pathname
      .replace(/^\/api2\/json/, '')
      .split('/')
      .filter(Boolean)
      .map(decodeURIComponent);
    const result = answer(world, request.method, path, params, {
      signed_in,
      csrf: request.headers.csrfpreventiontoken,
    });
    response.statusMessage = result.reason ?? 'OK';
    response.writeHead(result.status ?? 200, {
      'Content-Type': 'application/json;charset=UTF-8',
      ...result.headers,
    });
    response.end(
      JSON.stringify(
        result.body ?? {
          data: result.data ?? null,
          ...(result.total ? { total: result.total } : {}),
        },
      ),
    );
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'binary' });
  sockets.on('connection', (socket, request) => {
    if (vnc && request.url.includes('/qemu/')) relay(socket, connect(vnc));
    else terminal(socket);
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({
        world,
        url: `http://127.0.0.1:${server.address().port}`,
        cut: () => server.closeAllConnections(),
        close: () => {
          sockets.close();
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}

// A VNC server's own bytes, such as a QEMU's on a Unix socket, to the page and back.
function relay(socket, server) {
  server.on('data', (bytes) => socket.send(bytes));
  server.on('close', () => socket.close());
  server.on('error', () => socket.close());
  socket.on('message', (bytes) => server.write(bytes));
  socket.on('close', () => server.destroy());
}

// Echoes what is typed, as a shell that knows one command.
function terminal(socket) {
  let started = false;
  let line = '';
  const prompt = () => socket.send(Buffer.from('\r\nroot@demo-ct:~# '));
  socket.on('message', (data) => {
    const text = data.toString();
    if (!started) {
      started = true;
      socket.send(Buffer.from('OK'));
      socket.send(Buffer.from('Debian GNU/Linux 12 demo-ct tty1\r\n'));
      prompt();
      return;
    }
    const typed = /^0:\d+:([\s\S]*)$/.exec(text)?.[1];
    for (const letter of typed ?? '') {
      if (letter === '\r') {
        socket.send(
          Buffer.from(
            line === 'id'
              ? '\r\nuid=0(root) gid=0(root)'
              : `\r\n${createHash('sha1').update(line).digest('hex').slice(0, 8)}`,
          ),
        );
        line = '';
        prompt();
      } else {
        line += letter;
        socket.send(Buffer.from(letter));
      }
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await start_mock({
    port: Number(option('port', 8807)),
    guests: Number(option('guests', 14)),
    vnc: option('vnc'),
    with_hostile: process.argv.includes('--hostile'),
    with_events: !process.argv.includes('--no-events'),
  });
  console.log(`mock node at ${mock.url}  (admin, password "secret", realm pve)`);
}
