// Builds the pages of fixtures/pages.json with npm `yjs` and compares them byte for byte with what Hearth built by yrs.
//
//   cd tests/yjs && npm ci && node pages.mjs
//
// It shares nothing with the Rust side but the vectors: ids, slots and values are worked out here, as PROTOCOL 7 and
// `crates/core/replica/src/page.rs` say. The vectors come from
// `HEARTH_WRITE_VECTORS=1 cargo test -p hearth-replica --test vectors`.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as Y from 'yjs'

const hex = bytes => Buffer.from(bytes).toString('hex')
const unhex = text => Buffer.from(text, 'hex')

// SHA-256 over the tag, a zero byte, and each part behind its length (u32, big-endian).
const hash = (tag, parts) => {
  const h = createHash('sha256').update(tag).update(Buffer.from([0]))
  for (const part of parts) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    h.update(length).update(part)
  }
  return h.digest()
}

// [envelope, signature, body or null] as deterministic CBOR byte strings.
const readEntry = bytes => {
  let at = 0
  const string = () => {
    const head = bytes[at++]
    if (head === 0xf6) return null
    const size = head & 31
    let length = size
    if (size === 24) length = bytes[at++]
    else if (size === 25) { length = bytes.readUInt16BE(at); at += 2 }
    else if (size > 25) throw new Error('a length this long is not an entry')
    if (head >> 5 !== 2) throw new Error('not a byte string')
    at += length
    return bytes.subarray(at - length, at)
  }
  if (bytes[at++] !== 0x83) throw new Error('not an entry')
  const [envelope, signature, body] = [string(), string(), string()]
  return { id: hash('hearth/entry-id/1', [envelope, signature]), envelope, signature, body }
}

// One item a map: client, key, value; those of one client in the order of their clocks.
const itemsOf = page => {
  const scope = page.channel === null ? Buffer.from([0]) : Buffer.concat([Buffer.from([1]), unhex(page.channel)])
  const day = Buffer.alloc(4)
  day.writeUInt32BE(page.day)
  const document = hash('hearth/page/1', [unhex(page.space), scope, day])
  const client = (id, kind) => {
    const slot = hash('hearth/page-slot/1', [document, id, Buffer.from(kind)])
    return Number(slot.readBigUInt64BE() >> BigInt(64 - page.client_bits))
  }
  const entries = page.entries.map(text => readEntry(unhex(text))).sort((a, b) => Buffer.compare(a.id, b.id))
  return entries.flatMap(({ id, envelope, signature, body }) => {
    const entry = { client: client(id, 'entry'), map: 'entries', key: hex(id), value: Buffer.concat([signature, envelope]) }
    return body === null ? [entry] : [entry, { client: client(id, 'body'), map: 'bodies', key: hex(id), value: body }]
  })
}

// Shuffles clients, and keeps the order within one.
const shuffle = (items, seed) => {
  const clients = new Map()
  for (const item of items) clients.set(item.client, [...(clients.get(item.client) ?? []), item])
  const order = [...clients.entries()].map(([client, list]) => [hex(hash('shuffle', [Buffer.from(`${seed} ${client}`)])), list])
  return order.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, list]) => list)
}

const build = items => {
  const doc = new Y.Doc()
  for (const { client, map, key, value } of items) {
    doc.clientID = client
    doc.getMap(map).set(key, new Uint8Array(value))
  }
  return doc
}

const encoded = doc => hex(Y.encodeStateAsUpdate(doc))
let failed = 0
const check = (name, holds) => {
  if (!holds) failed++
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${name}`)
}

for (const page of JSON.parse(readFileSync(new URL('./fixtures/pages.json', import.meta.url)))) {
  const items = itemsOf(page)
  const shared = items.length - new Set(items.map(item => item.client)).size
  console.log(`${page.name}: ${items.length} items, ${shared} on a client that has others`)
  check('  built in order', encoded(build(items)) === page.page)
  check('  built in four other orders', [1, 2, 3, 4].every(seed => encoded(build(shuffle(items, seed))) === page.page))

  const applied = new Y.Doc()
  Y.applyUpdate(applied, unhex(page.page))
  check('  read and written again', encoded(applied) === page.page && applied.store.pendingStructs === null)
  check('  every value is there', items.every(({ map, key, value }) => Buffer.compare(applied.getMap(map).get(key), value) === 0))

  // Two tabs that each have every other update end alike.
  const updates = []
  const source = new Y.Doc()
  source.on('update', update => updates.push(update))
  for (const { client, map, key, value } of items) {
    source.clientID = client
    source.getMap(map).set(key, new Uint8Array(value))
  }
  const [even, odd] = [new Y.Doc(), new Y.Doc()]
  updates.forEach((update, n) => Y.applyUpdate(n % 2 ? odd : even, update))
  const [from, to] = [Y.encodeStateAsUpdate(even), Y.encodeStateAsUpdate(odd)]
  Y.applyUpdate(even, to)
  Y.applyUpdate(odd, from)
  check('  two halves synced', encoded(even) === page.page && encoded(odd) === page.page)
}

if (failed > 0) {
  console.error(`${failed} checks failed`)
  process.exit(1)
}
