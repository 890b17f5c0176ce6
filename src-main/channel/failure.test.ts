import { expect, test } from 'vitest';
import { WheelhouseError } from '../base/errors';
import { failureText } from './failure';

test('a pool that makes no machine says why, and when the next try is', () => {
  const error = new WheelhouseError('not_ready', 'Making a machine failed 5 times in a row: no space.', {
    reason: 'CreateFailed',
    retryAfterSeconds: 84,
  });
  expect(failureText(error)).toMatch(/^Making a machine failed.+ Nothing was done\. Try again in 84 seconds/);
});

test('a machine that is being found again is soon there', () => {
  expect(failureText(new WheelhouseError('not_ready', 'The session waits for its machine.'))).toContain(
    'Try again in 2 to 5 seconds',
  );
});
