// Runs the GraphQL over HTTP audits against the server at APPANAGE_URL.
import assert from 'node:assert/strict';
import { serverAudits } from 'graphql-http';

const EXPECTED = 61;

assert(process.env.APPANAGE_URL, 'APPANAGE_URL is needed');
const url = new URL('/graphql', process.env.APPANAGE_URL).href;

let passed = 0;
let failed = 0;
for (const audit of serverAudits({ url })) {
  let reason;
  try {
    const result = await audit.fn();
    reason = result.status === 'ok' ? undefined : `${result.status}: ${result.reason}`;
  } catch (error) {
    reason = `error: ${error.message}`;
  }
  if (reason) failed++;
  else passed++;
  console.log(reason ? `not ok - ${audit.id} ${audit.name}: ${reason}` : `ok - ${audit.id} ${audit.name}`);
}

const missing = EXPECTED - passed - failed;
if (missing > 0) console.log(`not ok - ${missing} of the ${EXPECTED} audits did not run`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed || missing > 0 ? 1 : 0;
