// SFrame (RFC 9605) in a browser, AES-GCM-128 with SHA-256, over the small header of crates/core/voice/src/seal.rs.
// A worker of chromium_room.html: transforms of RTCRtpScriptTransform run here, and keys stay here.
"use strict";

const RATCHET_AHEAD = 64;
const text = new TextEncoder();

const join = (...parts) => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
};
const hexOf = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (b) => parseInt(b, 16));
const big = (n) => bytesOf(n.toString(16).padStart(16, "0"));

// 4.3: values under 8 stand in the first byte, others follow it without leading zeros.
function header(id, counter) {
  const field = (n) => (n < 8n ? [] : big(n).slice(big(n).findIndex((b) => b)));
  const [k, c] = [field(id), field(counter)];
  const first = (k.length ? 0x80 | ((k.length - 1) << 4) : Number(id) << 4) | (c.length ? 8 | (c.length - 1) : Number(counter));
  return join([first], k, c);
}
function parse(sealed) {
  const first = sealed[0];
  const klen = first & 0x80 ? ((first >> 4) & 7) + 1 : 0;
  const clen = first & 8 ? (first & 7) + 1 : 0;
  if (sealed.length < 1 + klen + clen) return null;
  const number = (from, to) => BigInt("0x" + hexOf(sealed.subarray(from, to)));
  const id = klen ? number(1, 1 + klen) : BigInt((first >> 4) & 7);
  const counter = clen ? number(1 + klen, 1 + klen + clen) : BigInt(first & 7);
  return { id, counter, length: 1 + klen + clen };
}

// 4.4.2, and the nonce of 4.4.3. The suite's number is 4.
async function derive(id, secret) {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const bits = (what, count) =>
    crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: join(text.encode(`SFrame 1.0 ${what} `), big(id), [0, 4]) },
      base, count,
    );
  const key = await crypto.subtle.importKey("raw", await bits("Secret key", 128), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { key, salt: new Uint8Array(await bits("Secret salt", 96)) };
}
function nonce(salt, counter) {
  const iv = salt.slice();
  big(counter).forEach((b, i) => (iv[4 + i] ^= b));
  return iv;
}
async function encrypt({ key, salt }, id, counter, plain, metadata = []) {
  const head = header(id, counter);
  const how = { name: "AES-GCM", iv: nonce(salt, counter), additionalData: join(head, metadata) };
  return join(head, new Uint8Array(await crypto.subtle.encrypt(how, key, plain)));
}
async function decrypt({ key, salt }, { counter, length }, sealed, metadata = []) {
  const how = { name: "AES-GCM", iv: nonce(salt, counter), additionalData: join(sealed.subarray(0, length), metadata) };
  return new Uint8Array(await crypto.subtle.decrypt(how, key, sealed.subarray(length)));
}
// crates/core/voice/src/keys.rs: SHA-256 over the tag, a zero byte and the secret behind its length.
async function ratchet(secret) {
  const bytes = join(text.encode("hearth/call/ratchet/1"), [0, 0, 0, 0, 32], secret);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

// `flags | timestamp (u32) | level | [x, y]`; flags: version 1 above, 8 a position, 4 voice.
function wrap(timestamp, level, voice, opus) {
  const head = new Uint8Array(6);
  head[0] = 0x40 | (voice ? 4 : 0);
  new DataView(head.buffer).setUint32(1, timestamp);
  head[5] = level;
  return join(head, opus);
}
function unwrap(plain) {
  const length = plain[0] & 8 ? 10 : 6;
  return plain[0] >> 4 === 4 && plain.length > length ? plain.slice(length) : null;
}

const counts = { sealed: 0, peers: {} };
const count = (peer, what) => {
  counts.peers[peer] ??= { opened: 0, refused: 0, keyless: 0 };
  counts.peers[peer][what]++;
};

// What one's own frames are sealed with. The counter runs on through all keys of a stay.
let sealing = null;
let counter = null;
let loudness = 127;
let muted = false;

async function seal(frame) {
  const { id, keys } = sealing;
  const voice = loudness < 55;
  const mine = counter++;
  const plain = wrap(frame.getMetadata().rtpTimestamp >>> 0, loudness, voice, new Uint8Array(frame.data));
  const sealed = await encrypt(keys, id, mine, plain);
  counts.sealed++;
  postMessage({ own: hexOf(sealed) });
  return sealed;
}

// Each connection has an encoder of its own, but a frame is sealed once for all. So one connection leads, and frames of
// the others only carry what was sealed there.
const carried = new Map();
let leader = null;
let ledAt = 0;

async function send(peer, frame, controller) {
  if (!sealing || muted) return;
  const now = performance.now();
  if (leader !== peer && now - ledAt > 200) leader = peer;
  if (!carried.has(peer)) carried.set(peer, []);
  let sealed;
  if (leader === peer) {
    ledAt = now;
    carried.set(peer, []);
    sealed = await seal(frame);
    for (const [other, queue] of carried) if (other !== peer && queue.push(sealed) > 10) queue.shift();
  } else {
    sealed = carried.get(peer).shift();
  }
  if (!sealed) return;
  frame.data = sealed.slice().buffer;
  controller.enqueue(frame);
}

// Keys to open with: of each sender and generation the farthest step, and what was derived from it.
const generations = new Map();
const openers = new Map();

async function held(peer, id) {
  const exact = openers.get(`${peer} ${id}`);
  if (exact) return exact;
  const known = generations.get(`${peer} ${id >> 8n}`);
  const ahead = known ? Number(id & 255n) - known.step : 0;
  if (ahead < 1 || ahead > RATCHET_AHEAD) return null;
  let secret = known.secret;
  for (let step = 0; step < ahead; step++) secret = await ratchet(secret);
  return derive(id, secret);
}

// In slot 0 a peer gives frames as its own, elsewhere those of others.
async function open(peer, slot, frame, controller) {
  const sealed = new Uint8Array(frame.data);
  postMessage({ frame: peer, slot, timestamp: frame.getMetadata().rtpTimestamp >>> 0, sealed: hexOf(sealed) });
  const head = parse(sealed);
  const of = slot === 0 ? [peer] : [...new Set([...generations.keys()].map((name) => name.split(" ")[0]))];
  let tried = false;
  for (const sender of head ? of : []) {
    const keys = await held(sender, head.id);
    if (!keys) continue;
    tried = true;
    const plain = await decrypt(keys, head, sealed).catch(() => null);
    const opus = plain && unwrap(plain);
    if (!opus) continue;
    openers.set(`${sender} ${head.id}`, keys);
    count(sender, "opened");
    frame.data = opus.buffer;
    controller.enqueue(frame);
    return;
  }
  count(peer, tried ? "refused" : "keyless");
}

async function take({ seal: own, open: others }) {
  counter ??= BigInt(own.counter);
  const id = BigInt("0x" + own.id);
  if (own.secret) sealing = { id, keys: await derive(id, bytesOf(own.secret)) };
  for (const { peer, id: hex, secret } of others) {
    const id = BigInt("0x" + hex);
    const step = Number(id & 255n);
    const name = `${peer} ${id >> 8n}`;
    const known = generations.get(name);
    if (known && (known.step > step || (known.step === step && hexOf(known.secret) === secret))) continue;
    generations.set(name, { step, secret: bytesOf(secret) });
    openers.set(`${peer} ${id}`, await derive(id, bytesOf(secret)));
  }
}

if (typeof WorkerGlobalScope !== "undefined") {
  let taking = Promise.resolve();
  onmessage = ({ data }) => {
    if (data.keys) taking = taking.then(() => take(data.keys)).catch((error) => postMessage({ error: String(error) }));
    if ("muted" in data) muted = data.muted;
    if ("loudness" in data) loudness = data.loudness;
    if (data.gone) carried.delete(data.gone);
    if (data.count) postMessage({ counts: structuredClone(counts) });
  };
  onrtctransform = ({ transformer }) => {
    const { side, peer, slot } = transformer.options;
    const step = side === "send" ? (f, c) => send(peer, f, c) : (f, c) => open(peer, slot, f, c);
    const safe = (f, c) => step(f, c).catch((error) => postMessage({ error: `${side}: ${error}` }));
    transformer.readable.pipeThrough(new TransformStream({ transform: safe })).pipeTo(transformer.writable).catch(() => {});
  };
} else {
  module.exports = { header, parse, derive, nonce, encrypt, decrypt, hexOf, bytesOf, wrap, unwrap, ratchet };
}
