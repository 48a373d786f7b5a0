// What this node can do: the API describes more than is built yet, and what would answer "not
// built" (501) is not shown.
import type { Call } from '../generated/api';
import { unbuilt } from '../generated/unbuilt';

export const offered = (call: Call) => !unbuilt.has(call);
