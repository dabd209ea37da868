// Redis, and Keyhole in front of it, each a process of its own on a port that was free. They end
// with the test run, whatever happens.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const keyhole = process.env.KEYHOLE ?? path.resolve(import.meta.dirname, '../../build/dev/keyhole');
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

export async function freePort(host = '127.0.0.1') {
  const server = net.createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// Starts a program and waits for a line that it prints; the match is what is returned with it.
function start(command, args, pattern) {
  // They end with this process, however it ends.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`${command} is not ready: ${said}`)), 15_000);
    const hear = (chunk) => {
      said += chunk;
      const match = said.match(pattern);
      if (match === null) return;
      clearTimeout(late);
      resolve([child, match]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
  });
}

async function stop(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

// A certificate that vouches for itself, and its key.
function makeCertificate(directory) {
  const [cert, key] = ['tls.crt', 'tls.key'].map((name) => path.join(directory, name));
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert,
  ], { stdio: 'ignore' });
  return { cert, key };
}

// A Redis that keeps its data over a restart. tls: it can be reached by TLS, too.
export class Redis {
  static async start(host = '127.0.0.1', tls = false) {
    const redis = new Redis();
    redis.host = host;
    redis.port = await freePort(host);
    redis.directory = mkdtempSync(path.join(os.tmpdir(), 'keyhole-clients-'));
    redis.socket = path.join(redis.directory, 'redis.sock');
    redis.more = [];
    if (tls) {
      redis.tlsPort = await freePort(host);
      redis.files = makeCertificate(redis.directory);
      redis.more = [
        '--tls-port', String(redis.tlsPort), '--tls-cert-file', redis.files.cert, '--tls-key-file', redis.files.key,
        '--tls-ca-cert-file', redis.files.cert, '--tls-auth-clients', 'no',
      ];
    }
    await redis.run();
    return redis;
  }

  async run() {
    [this.child] = await start('redis-server', [
      '--port', String(this.port), '--bind', this.host, '--dir', this.directory,
      '--unixsocket', this.socket, '--appendonly', 'yes', '--appendfsync', 'no', '--save', '', ...this.more,
    ], /Ready to accept connections/);
  }

  // Killed, and back with all that it had acknowledged: without fsync what is acknowledged has been
  // written, while Redis puts that off for as long as an fsync is under way.
  async restart() {
    await stop(this.child, 'SIGKILL');
    await this.run();
  }

  async stop() {
    await stop(this.child, 'SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// A Redis Cluster of three masters.
export class RedisCluster {
  static async start() {
    const cluster = new RedisCluster();
    cluster.nodes = [];
    for (let i = 0; i < 3; i++) {
      const node = { port: await freePort(), bus: await freePort(), directory: mkdtempSync(path.join(os.tmpdir(), 'keyhole-clients-')) };
      [node.child] = await start('redis-server', [
        '--port', String(node.port), '--bind', '127.0.0.1', '--dir', node.directory, '--save', '', '--cluster-enabled', 'yes',
        '--cluster-port', String(node.bus),
      ], /Ready to accept connections/);
      cluster.nodes.push(node);
    }
    const ranges = [['0', '5460'], ['5461', '10922'], ['10923', '16383']];
    for (const [i, node] of cluster.nodes.entries()) {
      cluster.say(node, 'ADDSLOTSRANGE', ...ranges[i]);
      cluster.say(node, 'SET-CONFIG-EPOCH', String(i + 1));
    }
    const first = cluster.nodes[0];
    for (const node of cluster.nodes.slice(1)) cluster.say(node, 'MEET', '127.0.0.1', String(first.port), String(first.bus));
    await eventually('the cluster', async () => {
      for (const node of cluster.nodes) {
        const info = cluster.say(node, 'INFO');
        if (!info.includes('cluster_state:ok') || !info.includes('cluster_size:3')) throw new Error(info);
      }
    });
    cluster.url = `redis+cluster://127.0.0.1:${first.port}`;
    return cluster;
  }

  say(node, ...words) {
    return execFileSync('redis-cli', ['-p', String(node.port), 'CLUSTER', ...words], { encoding: 'utf8' });
  }

  async stop() {
    for (const node of this.nodes) {
      await stop(node.child, 'SIGKILL');
      rmSync(node.directory, { recursive: true, force: true });
    }
  }
}

// upstream: null for Keyhole's own store.
export class Keyhole {
  static async start(upstream, options = [], listen = '127.0.0.1:0') {
    const proxy = new Keyhole();
    const behind = upstream === null ? [] : ['--upstream', upstream];
    const [child, match] = await start(keyhole, [
      '--listen', listen, '--http', '127.0.0.1:0', ...behind, ...options,
    ], /RESP on (\S+), HTTP on \S+:(\d+)/);
    proxy.child = child;
    proxy.port = Number(match[1].split(':').at(-1));
    proxy.http = Number(match[2]);
    return proxy;
  }

  // A counter of /metrics, summed over the keys that the pattern fits.
  async counted(name, pattern = /.*/) {
    const text = await (await fetch(`http://127.0.0.1:${this.http}/metrics`)).text();
    let sum = 0;
    for (const [, key, value] of text.matchAll(new RegExp(`^${name}{key="(.*)"} (\\d+)$`, 'gm'))) {
      if (pattern.test(key)) sum += Number(value);
    }
    return sum;
  }

  stop() {
    return stop(this.child, 'SIGTERM');
  }
}

// The ways from a client to Redis: each scenario must come to the same on all of them.
export const ways = [
  { name: 'Redis itself', options: null },
  { name: 'Keyhole', options: [] },
  { name: 'Keyhole, --sharing off', options: ['--sharing', 'off'] },
];

// For clients that can speak TLS: world.tls is what they are to be told.
export const waysWithTls = [...ways, { name: 'Keyhole, TLS on both sides', options: [], tls: true }];

async function openTls(way) {
  const redis = await Redis.start('127.0.0.1', true);
  const { cert, key } = redis.files;
  const proxy = await Keyhole.start(`rediss://localhost:${redis.tlsPort}`, [
    '--upstream-tls-ca', cert, '--tls-cert', cert, '--tls-key', key, ...way.options,
  ], 'tls://127.0.0.1:0');
  const close = async () => {
    await proxy.stop();
    await redis.stop();
  };
  return { redis, keyhole: proxy, port: proxy.port, tls: { ca: readFileSync(cert) }, close };
}

export async function open(way) {
  if (way.tls) return openTls(way);
  const redis = await Redis.start();
  if (way.options === null) return { redis, keyhole: null, port: redis.port, close: () => redis.stop() };
  const proxy = await Keyhole.start(`redis://127.0.0.1:${redis.port}`, way.options);
  const close = async () => {
    await proxy.stop();
    await redis.stop();
  };
  return { redis, keyhole: proxy, port: proxy.port, close };
}

// What holds the data where no Redis is behind Keyhole, and Redis to compare it with.
export const stores = ['Redis', 'Keyhole', 'Keyhole, two workers'];

export async function openStore(store) {
  if (store === 'Redis') {
    const redis = await Redis.start();
    return { port: redis.port, close: () => redis.stop() };
  }
  const keyhole = await Keyhole.start(null, store === 'Keyhole' ? [] : ['--workers', '2']);
  return { port: keyhole.port, close: () => keyhole.stop() };
}

// Rejects if it takes too long: nothing here may wait for ever.
export function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes more than ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Calls until it succeeds, as an application does whose client library reconnects by itself.
export async function eventually(what, call) {
  const end = Date.now() + 15_000;
  for (;;) {
    try {
      return await within(5_000, what, call());
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
