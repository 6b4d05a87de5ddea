import { expect, test } from '@jest/globals';
import { config } from 'zod';
import './zod-without-eval.ts';

test('zod is told not to compile code', () => {
    expect(config().jitless).toBe(true);
});
