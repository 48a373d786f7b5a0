// Makes src/generated/api.ts, the types of every call, from the API description of the tree.
// Runs before each build and check; writes only what has changed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'posada-schema-'));
try {
  execFileSync(
    'python3',
    [
      here('../../tools/schema'),
      'generate',
      here('../../api'),
      scratch,
      '--web',
      here('../src/generated'),
    ],
    { stdio: 'inherit' },
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
