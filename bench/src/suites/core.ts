import { hash } from 'node:crypto';
import { hashText } from '@refinio/one.core';
import type { Suite } from '../suite.ts';

/** Microdata of the given length, as a typical object has it. */
function microdata(length: number): string {
    const frame = '<div itemscope itemtype="//refin.io/ChatMessage"><span itemprop="text"></span></div>';
    return frame.replace('></span>', `>${'x'.repeat(length - frame.length)}</span>`);
}

const [small, large] = [microdata(300), microdata(10_240)];
const plain = { $type$: 'ChatMessage', text: 'x'.repeat(240), sender: '0'.repeat(64) };

/** `@refinio/one.core`, beside what the platform itself needs for the same work. */
export const core: Suite = {
    name: 'core',
    benchmarks: [
        { name: 'hash microdata, 300 B', bytes: 300, run: () => hashText(small) },
        { name: 'hash microdata, 10 KB', bytes: 10_240, run: () => hashText(large) },
        { name: 'platform: JSON + SHA-256, 300 B', bytes: 300, run: () => hash('sha256', JSON.stringify(plain)) },
    ],
};
