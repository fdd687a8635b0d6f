// Writes the hashes of the page's script and style into its policy. Run after every change: npm run seal
import { writeFileSync } from 'node:fs';
import { hashOf, html, path, script, style } from './page.mjs';

const sealed = html
  .replace(/script-src '[^']*'/, `script-src '${hashOf(script)}'`)
  .replace(/style-src '[^']*'/, `style-src '${hashOf(style)}'`);
writeFileSync(path, sealed);
