// Makes payloads as the format says, for the tests.
import { createHash } from 'node:crypto';

export const COMMUNITY = 'c0'.repeat(32);

export function payload({ version = 1, expiresAtS = 0, records = [], trailing = [], breakSum = false } = {}) {
  const expiry = Buffer.alloc(4);
  expiry.writeUInt32BE(expiresAtS);
  const body = Buffer.concat([
    Buffer.from([version, 0]), Buffer.from(COMMUNITY, 'hex'), Buffer.alloc(16, 0x5e), expiry,
    ...records.map(([tag, bytes]) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes])), Buffer.from(trailing),
  ]);
  const sum = createHash('sha256').update(body).digest().subarray(0, 4);
  if (breakSum) sum[0] ^= 1;
  return Buffer.concat([body, sum]).toString('base64url');
}

export const direct = (ipBytes = 4) => [1, Buffer.concat([Buffer.alloc(32, 7), Buffer.from([0, 0x0f, 0xa1]), Buffer.alloc(ipBytes, 10)])];
