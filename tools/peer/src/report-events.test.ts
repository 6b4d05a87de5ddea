import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, jest, test } from '@jest/globals';
import { EventLines } from './event-lines.ts';
import { reportUnhandled, type Emit } from './report-events.ts';

test('errors that nobody has caught are events; those before the peer is ready come after that', () => {
    const output = new PassThrough();
    const written: string[] = [];
    output.on('data', (text: Buffer) => written.push(...text.toString().trim().split('\n')));
    const lines = new EventLines(output);
    const emit: Emit = (event, fields) => lines.emit(event, fields);
    const from = new EventEmitter();
    reportUnhandled(from, emit);
    const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    from.emit('uncaughtException', new RangeError('too much'));
    from.emit('unhandledRejection', 'why');
    expect(stderr).toHaveBeenCalledTimes(2);
    stderr.mockRestore();
    expect(written).toEqual([]);
    lines.ready({ name: 'alice' });
    lines.emit('later', {});
    const at = expect.any(Number);
    expect(written.map(line => JSON.parse(line) as unknown)).toEqual([
        { event: 'ready', at, name: 'alice' },
        {
            event: 'unhandled',
            at,
            kind: 'uncaughtException',
            name: 'RangeError',
            code: 'UNEXPECTED',
            message: 'too much',
        },
        { event: 'unhandled', at, kind: 'unhandledRejection', name: 'Error', code: 'UNEXPECTED', message: 'why' },
        { event: 'later', at },
    ]);
});
