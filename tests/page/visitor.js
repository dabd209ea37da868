// What the tests of the page share: a Redis, load of which every request is known, and a visit that
// notes what went wrong.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
// Screenshots, for a person to look at.
export const pictures = path.resolve(here, '../../build/page');
mkdirSync(pictures, { recursive: true });

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

// A redis-server on a unix socket of its own, which can be killed and come back.
export class Redis {
  constructor() {
    this.directory = mkdtempSync(path.join(os.tmpdir(), 'keyhole-page-'));
    this.socket = path.join(this.directory, 'redis.sock');
    this.url = `unix:${this.socket}`;
  }

  async start() {
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', 'redis-server', '--port', '0', '--unixsocket', this.socket,
      '--save', '', '--dir', this.directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.add(this.child);
    let said = '';
    for await (const chunk of this.child.stdout) {
      said += chunk;
      if (said.includes('Ready to accept') || said.includes('ready to accept')) break;
    }
    return this;
  }

  async kill() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    children.delete(this.child);
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// Sends commands in one pipeline, each a list of words; gives the replies' bytes when all are there.
export async function send(port, commands) {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay();
  for (const words of commands) {
    socket.write(`*${words.length}\r\n` + words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join(''));
  }
  socket.end();
  let replies = '';
  for await (const chunk of socket) replies += chunk;
  return replies;
}

// Until f() gives something true; that is given.
export async function eventually(f, what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const got = await f();
    if (got) return got;
    if (Date.now() > end) throw new Error(`not in ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Opens the page; `visit.wrong` is all that the console, the page or the network complained about.
export async function visit(browser, address, prepare = async () => {}) {
  const url = address.split('#')[0];
  const page = await browser.chromium.newPage();
  page.setDefaultTimeout(20_000);
  await page.setViewport({ width: 1440, height: 900 });
  const wrong = [];
  const asked = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('request', (request) => {
    asked.push(request.url());
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) wrong.push(`asked ${request.url()}`);
  });
  await prepare(page);
  page.answer = await page.goto(address);
  return { page, wrong, asked };
}

export const text = (page, selector) => page.$eval(selector, (node) => node.textContent.trim());
export const feedState = (page) => page.$eval('#feed', (node) => node.dataset.state);
export const isLive = (page) => eventually(async () => await feedState(page) === 'live', 'the stream');
