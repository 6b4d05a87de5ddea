import { expect, test } from '@jest/globals';
import { createLogger } from './logger.ts';

test('secrets are cut out of whatever is logged', () => {
    const lines: string[] = [];
    const logger = createLogger(
        { service: 's', version: '1', level: 'info' },
        { write: line => void lines.push(line) },
    );
    const secret = 'correct horse';
    logger.info({
        token: secret,
        body: { archiveSecret: secret, email: 'a@b' },
        req: { headers: { authorization: secret } },
    });
    logger.child({ password: secret }).warn('child');
    expect(lines.join('')).not.toContain(secret);
    expect(lines[0]).toContain('"email":"a@b"');
    expect(lines[0]).toContain('[secret]');
});
