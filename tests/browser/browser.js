// Keyhole, a page of another origin, and Chromium, each a process (or server) of its own on a port
// that was free. They end with the test run, whatever happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const keyhole = process.env.KEYHOLE ?? path.resolve(here, '../../build/dev/keyhole');
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

// Keyhole with its own store; `port` and `http` are its ports.
export class Keyhole {
  static async start(...options) {
    const keyholeProcess = new Keyhole();
    const http = options.includes('--http') ? [] : ['--http', '127.0.0.1:0'];
    const args = ['--listen', '127.0.0.1:0', ...http, ...options];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', keyhole, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.add(child);
    child.on('exit', () => children.delete(child));
    keyholeProcess.child = child;
    let said = '';
    for await (const chunk of child.stderr) {
      said += chunk;
      const match = said.match(/RESP on 127\.0\.0\.1:(\d+), HTTP on 127\.0\.0\.1:(\d+)/);
      if (match === null) continue;
      [keyholeProcess.port, keyholeProcess.http] = match.slice(1).map(Number);
      return keyholeProcess;
    }
    throw new Error(`keyhole ended: ${said}`);
  }

  // One command, by RESP, of words without spaces; the reply as it came.
  async ask(...words) {
    const socket = net.connect(this.port, '127.0.0.1');
    socket.end(`${words.join(' ')}\r\n`);
    let reply = '';
    for await (const chunk of socket) reply += chunk;
    return reply;
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

// A server of empty pages, for scripts to run in; its port is another origin than Keyhole's.
export class Pages {
  static async start() {
    const pages = new Pages();
    pages.server = http.createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>page</title><body></body>');
    });
    pages.server.listen(0, '127.0.0.1');
    await once(pages.server, 'listening');
    pages.port = pages.server.address().port;
    return pages;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

// Chromium, for which every name under .example is this machine.
export class Browser {
  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(path.join(os.tmpdir(), 'keyhole-browser-'));
    browser.chromium = await puppeteer.launch({
      executablePath: chromium,
      headless: true,
      timeout: 60_000,
      userDataDir: browser.profile,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--disable-dev-shm-usage', '--no-proxy-server',
        '--host-resolver-rules=MAP *.example 127.0.0.1'],
    });
    const chromiumProcess = browser.chromium.process();
    children.add(chromiumProcess);
    chromiumProcess.on('exit', () => children.delete(chromiumProcess));
    return browser;
  }

  // A page that has been loaded from there; the answer to it is page.answer.
  async open(url) {
    const page = await this.chromium.newPage();
    page.setDefaultTimeout(20_000);
    page.answer = await page.goto(url);
    return page;
  }

  async stop() {
    await this.chromium.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

// What a script in the page gets when it fetches: { status, type, text } or { error }.
export function fetchIn(page, url, options = {}) {
  return page.evaluate(async (target, how) => {
    try {
      const response = await fetch(target, { ...how, signal: AbortSignal.timeout(15_000) });
      return { status: response.status, type: response.type, text: await response.text() };
    } catch (error) {
      return { error: String(error) };
    }
  }, url, options);
}
