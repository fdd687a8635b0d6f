// The page in a real browser, from a file and from a plain static host. Pictures stay under $CARGO_TARGET_DIR/screens.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { html, path } from '../tools/page.mjs';
import { findChromium, startChromium } from '../tools/chromium.mjs';
import { direct, payload } from '../tools/links.mjs';

const screens = join(process.env.CARGO_TARGET_DIR || join(homedir(), '.cache/hearth/target'), 'screens');
const DESKTOP = { width: 1280, height: 720 }, PHONE = { width: 390, height: 844 };
const good = payload({ expiresAtS: 1_900_000_000, records: [direct()] });

test('the invite page', { skip: !findChromium() && 'SKIP: no Chromium here', timeout: 120_000 }, async (t) => {
  mkdirSync(screens, { recursive: true });
  const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(html));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const chromium = await startChromium();
  t.after(async () => {
    await chromium.close();
    server.close();
  });
  const hosts = { file: path.href, http: `http://127.0.0.1:${server.address().port}/i` };

  for (const [name, address] of Object.entries(hosts)) {
    await t.test(`from ${name}: opens the app by the code behind #, and asks for nothing`, async () => {
      const tab = await chromium.tab();
      await tab.look({ ...DESKTOP, scheme: 'dark' });
      await tab.open(`${address}#${good}`);
      assert.equal(await tab.run('document.getElementById("title").textContent'), "You’re invited");
      assert.equal(await tab.run('document.getElementById("open").href'), `mesh://join?c=${good}`);
      assert.match(await tab.run('document.getElementById("until").textContent'), /^Good until 1[78] March 2030 at /);
      assert.equal(await tab.run('getComputedStyle(document.getElementById("open")).backgroundColor'), 'rgb(240, 138, 75)', 'the style is let in');
      assert.deepEqual(tab.requests, [`${address}`], 'one request: the page itself, without the code');
      assert.deepEqual(tab.faults, []);
    });

    await t.test(`from ${name}: a damaged, missing or old code gets a plain sentence and no button`, async () => {
      const tab = await chromium.tab();
      for (const [code, title] of [
        ['', 'This link is not whole'], [good.slice(0, -2), 'This link is damaged'], ['<img src=x onerror=alert(1)>', 'This link is damaged'],
        [payload({ version: 7 }), 'This link is from a newer Hearth'], [payload({ expiresAtS: 1_000_000_000 }), 'This invite has run out'],
      ]) {
        await tab.open('about:blank');
        await tab.open(`${address}#${code}`);
        assert.equal(await tab.run('document.getElementById("title").textContent'), title);
        assert.equal(await tab.run('document.getElementById("buttons").offsetParent === null'), true, title);
        assert.doesNotMatch(await tab.run('document.body.innerText'), /undefined|NaN|null/);
      }
    });
  }

  await t.test('changing the code changes the page', async () => {
    const tab = await chromium.tab();
    await tab.open(`${hosts.file}#nonsense`);
    await tab.run(`new Promise((done) => { addEventListener('hashchange', done); location.hash = '${good}'; }).then(() => true)`);
    assert.equal(await tab.run('document.getElementById("open").offsetParent !== null'), true);
  });

  await t.test('a click tries the app, and help opens when nothing takes the link', async () => {
    const tab = await chromium.tab();
    await tab.call('Emulation.setFocusEmulationEnabled', { enabled: true });
    await tab.open(`${hosts.file}#${good}`);
    const tried = await tab.run(`new Promise((done) => {
      addEventListener('click', (event) => done(event.target.href + ' ' + event.defaultPrevented), { once: true });
      document.getElementById('open').click();
    })`);
    assert.equal(tried, `mesh://join?c=${good} false`);
    assert.equal(await tab.run(`new Promise((done) => {
      const help = document.getElementById('help');
      help.open ? done(true) : help.addEventListener('toggle', () => done(help.open));
    })`), true);
  });

  await t.test('the link is copied', async () => {
    const tab = await chromium.tab();
    await tab.open(`${hosts.file}#${good}`);
    // Headless Chromium has no clipboard of its own to read back, so what reaches the old way's field is looked at.
    const copied = await tab.run(`new Promise((done) => {
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } });
      document.execCommand = () => (done(document.activeElement.value), true);
      document.getElementById('copy').click();
    })`);
    assert.equal(copied, `mesh://join?c=${good}`);
    assert.equal(await tab.run(`new Promise((done) => {
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: (text) => (done(text), Promise.resolve()) } });
      document.getElementById('copy').click();
    })`).catch(() => copied), copied);
    assert.match(await tab.run('document.getElementById("copy").textContent'), /^Copied/);
  });

  await t.test('it fits every width, and its words stand out', async () => {
    const tab = await chromium.tab();
    for (const [size, view] of Object.entries({ desktop: DESKTOP, phone: PHONE, small: { width: 320, height: 568 } })) {
      for (const scheme of ['dark', 'light']) {
        await tab.look({ ...view, scheme });
        await tab.open('about:blank');
        await tab.open(`${hosts.file}#${good}`);
        assert.equal(await tab.run('document.documentElement.scrollWidth <= innerWidth'), true, `${size} scrolls sideways`);
        writeFileSync(join(screens, `invite-${size}-${scheme}.png`), await tab.picture());
        const weak = await tab.run(`[...document.querySelectorAll('h1, p, a, button, summary, footer')].filter((e) => e.offsetParent).map((element) => {
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
          const solid = (e) => !e ? rgb(getComputedStyle(document.body).backgroundColor) : rgb(getComputedStyle(e).backgroundColor)[3] === 0 ? solid(e.parentElement) : rgb(getComputedStyle(e).backgroundColor);
          const light = (c) => { const [r, g, b] = c.slice(0, 3).map((x) => (x /= 255) <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
          const [one, two] = [light(rgb(getComputedStyle(element).color)), light(solid(element))].sort((a, b) => b - a);
          return [element.textContent, (one + .05) / (two + .05)];
        }).filter(([, ratio]) => ratio < 4.5)`);
        assert.deepEqual(weak, [], `${size} ${scheme}: contrast under 4.5`);
      }
    }
    await tab.look({ ...DESKTOP, scheme: 'dark' });
    await tab.run('document.getElementById("help").open = true');
    writeFileSync(join(screens, 'invite-help.png'), await tab.picture());
    await tab.open('about:blank');
    await tab.open(`${hosts.file}#${good.slice(3)}`);
    writeFileSync(join(screens, 'invite-damaged.png'), await tab.picture());
  });
});
