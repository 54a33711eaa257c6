import assert from 'node:assert/strict';
import { causeOf } from '../../src/agents/failure.ts';

// Whose trouble a failure is: a message that nobody has met before must not burn a queue (B1) or an account.
describe('R14.1 the cause of a failure, by its words and its status', () => {
  const failures: readonly [cause: string, message: string, status?: number][] = [
    ['auth', 'Please sign in again to continue'],
    ['auth', 'Your session has expired'],
    ['auth', 'Invalid bearer token'],
    ['auth', 'invalid x-api-key'],
    ['auth', 'The provided token is expired: token is expired'],
    ['auth', 'This organization has been disabled.', 400],
    ['auth', 'Your account was suspended', 400],
    ['auth', 'Forbidden', 403],
    ['billing', 'Your credit balance is too low to access the API', 400],
    ['billing', 'insufficient_quota'],
    ['provider', 'connect EHOSTUNREACH 10.0.0.1:443'],
    ['provider', 'connect ENETUNREACH'],
    ['provider', 'getaddrinfo EAI_AGAIN api.example.com'],
    ['provider', 'read ECONNRESET'],
    ['provider', 'socket hang up'],
    ['provider', 'Bad gateway'],
    ['provider', 'server_error'],
    ['provider', 'Could not resolve host: api.example.com'],
    ['provider', 'self-signed certificate in certificate chain'],
    ['provider', 'connect ETIMEDOUT 10.0.0.1:443'],
    ['provider', 'no words', 502],
    ['provider', 'no words', 529],
    ['config', 'model `x` does not exist'],
    ['config', 'no words', 404],
    ['task', 'prompt is too long: 210000 tokens > 200000 maximum', 400],
    ['task', 'the tests of the form are not done'],
    ['task', 'account.ts is disabled for editing'],
    ['task', 'the catalog in src and the design in docs differ'],
    ['task', 'SyntaxError: Invalid or unexpected token'],
    ['task', 'something nobody has met'],
  ];
  for (const [cause, message, status] of failures)
    it(`${cause}: ${message}${status === undefined ? '' : ` (${status})`}`, () =>
      assert.equal(causeOf({ message, ...(status !== undefined && { status }) }), cause));
});
