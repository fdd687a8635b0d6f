// A headless Chromium, driven over its debugging pipe: JSON between NUL bytes, no package needed.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export function findChromium() {
  return NAMES.find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

export async function startChromium() {
  const home = mkdtempSync(join(tmpdir(), 'hearth-chromium-'));
  const options = ['--headless', '--remote-debugging-pipe', `--user-data-dir=${home}`, '--no-first-run', '--disable-gpu', '--disable-background-networking', '--hide-scrollbars'];
  if (process.getuid?.() === 0) options.push('--no-sandbox');
  const child = spawn(findChromium(), options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , to, from] = child.stdio;
  const waiting = new Map(), listeners = [];
  let next = 0, held = '';
  from.setEncoding('utf8');
  from.on('data', (text) => {
    const parts = (held + text).split('\0');
    held = parts.pop();
    for (const message of parts.map((part) => JSON.parse(part))) {
      if (message.id === undefined) {
        listeners.forEach((listener) => listener(message));
        continue;
      }
      const [resolve, reject] = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    }
  });
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    next += 1;
    waiting.set(next, [resolve, reject]);
    to.write(`${JSON.stringify({ id: next, method, params, sessionId })}\0`);
  });
  return {
    // A fresh tab. `requests` lists every address it asked for.
    async tab() {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      const requests = [], faults = [];
      const call = (method, params) => send(method, params, sessionId);
      const loads = [];
      listeners.push((message) => {
        if (message.sessionId !== sessionId) return;
        if (message.method === 'Network.requestWillBeSent') requests.push(message.params.request.url);
        if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error') faults.push(message.params.entry.text);
        if (message.method === 'Runtime.exceptionThrown') faults.push(message.params.exceptionDetails.exception?.description);
        if (message.method === 'Page.loadEventFired') loads.splice(0).forEach((done) => done());
      });
      for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await call(`${domain}.enable`);
      return {
        requests,
        faults,
        call,
        async look({ width, height, scheme }) {
          await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
          await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }] });
        },
        async open(url) {
          const loaded = new Promise((done) => loads.push(done));
          await call('Page.navigate', { url });
          await loaded;
        },
        async run(expression) {
          const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true });
          if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
          return result.value;
        },
        async picture() {
          return Buffer.from((await call('Page.captureScreenshot', { format: 'png' })).data, 'base64');
        },
      };
    },
    async close() {
      const ended = new Promise((done) => child.once('exit', done));
      send('Browser.close').catch(() => {});
      await ended;
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
