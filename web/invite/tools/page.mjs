// The parts of index.html that its tests look at.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

export const path = new URL('../index.html', import.meta.url);
export const html = readFileSync(path, 'utf8');

const part = (tag) => html.match(new RegExp(`<${tag}>([^]*?)</${tag}>`))[1];
export const script = part('script');
export const style = part('style');
export const policy = html.match(/Content-Security-Policy" content="([^"]*)"/)[1];

export const hashOf = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;

// The page's own functions, run without a document.
export function functions() {
  const context = vm.createContext({});
  vm.runInContext(`${script}\nthis.it = { readInvite, sha256, decodeBase64Url, show };`, context);
  return context.it;
}
