import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { functions, hashOf, html, policy, script, style } from '../tools/page.mjs';
import { COMMUNITY, direct, payload } from '../tools/links.mjs';

const { readInvite, sha256, decodeBase64Url } = functions();
const why = (fragment) => readInvite(fragment).why;

test('a whole invite is read', () => {
  const code = payload({ expiresAtS: 1_800_000_000, records: [direct(4), direct(16), [99, Buffer.from('later')]] });
  for (const fragment of [code, `#${code}`, `#/i/${code}`]) {
    const invite = readInvite(fragment);
    assert.equal(invite.ok, true);
    assert.equal(invite.payload, code);
    assert.equal(invite.space, COMMUNITY);
    assert.equal(invite.expiresAtS, 1_800_000_000);
    assert.equal(invite.peers, 2);
  }
  assert.equal(readInvite(payload()).expiresAtS, null);
});

test('no code, a damaged one and a newer one are told apart', () => {
  for (const fragment of ['', '#', '#/']) assert.equal(why(fragment), 'none');
  assert.equal(why(payload({ version: 2 })), 'newer');
  const code = payload({ records: [direct()] });
  const damaged = [
    'hello', 'x'.repeat(3000), '%', `${code}=`, `${code}A`, code.slice(1), code.slice(0, -1), code.slice(0, 40), `${code.slice(0, 9)}!${code.slice(10)}`,
    payload({ breakSum: true }), payload({ version: 0 }), payload({ records: [[1, Buffer.alloc(38)]] }), payload({ trailing: [9] }), payload({ trailing: [9, 5, 1] }),
    payload({ records: [[1, Buffer.alloc(39, 2)]] }),
  ];
  for (const fragment of damaged) assert.equal(why(fragment), 'damaged', fragment.slice(0, 60));
});

test('any single changed character is noticed', () => {
  const code = payload({ records: [direct()] });
  for (let i = 0; i < code.length; i++) {
    const other = code[i] === 'A' ? 'B' : 'A';
    assert.equal(readInvite(code.slice(0, i) + other + code.slice(i + 1)).ok, false, `character ${i}`);
  }
});

test('the hash is SHA-256 at every length around a block', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => i * 37 + length & 255));
    assert.equal(Buffer.from(sha256(bytes)).toString('hex'), createHash('sha256').update(bytes).digest('hex'));
  }
});

test('base64url has one spelling for each text', () => {
  for (let length = 0; length < 40; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => i * 91 + 200 & 255));
    assert.deepEqual(Buffer.from(decodeBase64Url(bytes.toString('base64url'))), bytes);
  }
  for (const wrong of ['A', 'AB', 'AAB', 'A+AA', 'A/AA', 'AA==', 'A A']) assert.equal(decodeBase64Url(wrong), null, wrong);
});

test('the page asks for nothing from outside and its policy lets it ask for nothing', () => {
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/);
  assert.ok(policy.includes(hashOf(script)) && policy.includes(hashOf(style)), 'changed without: npm run seal');
  assert.doesNotMatch(html, /https?:|\bsrc=|fetch\(|XMLHttpRequest|sendBeacon|WebSocket|<link|@import|url\(/);
});

// Written by the tests of crates/base/wire: the page and the app must judge every link alike.
const VECTORS = new URL('../../../tests/fixtures/invite.json', import.meta.url);
test('golden vectors', { skip: !existsSync(VECTORS) && 'tests/fixtures/invite.json is not there' }, () => {
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));
  assert.ok(Array.isArray(vectors) && vectors.some((v) => v.ok) && vectors.some((v) => !v.ok), 'links of both kinds');
  for (const vector of vectors) {
    if (/^mesh:\/\/j\//i.test(vector.link)) continue; // The form for QR codes is the app's own.
    const code = /^mesh:/i.test(vector.link) ? (vector.link.match(/[?&]c=([^&]*)/)?.[1] ?? '') : vector.link.split('#').pop();
    const invite = readInvite(`#${code}`);
    assert.equal(invite.ok, vector.ok, vector.link);
    const space = vector.space ?? vector.community, expiry = vector.expires_at_s;
    if (vector.ok && space !== undefined) assert.equal(invite.space, space);
    if (vector.ok && expiry !== undefined) assert.equal(invite.expiresAtS, expiry);
    if (vector.ok && Array.isArray(vector.peers)) assert.equal(invite.peers, vector.peers.length);
  }
});
