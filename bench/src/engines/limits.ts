// A full disk and a folder that cannot be written: on a small file system in memory, which takes Linux and root to make.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineVariant } from './engine.ts';
import { resultOf } from './run-child.ts';
import type { CrashFindings } from './verify.ts';

const DISK_MB = 48;
const BALLAST_MB = 12;

export interface LimitFigures {
    readonly full: {
        readonly acknowledged: number;
        readonly full: string;
        readonly withRoom: string;
        readonly closed: string;
        /** Rejections nobody can take: each of them ends a process. */
        readonly unhandled: readonly string[];
    };
    /** What is not there of what was acknowledged. */
    readonly faults: readonly string[];
    readonly readOnly: { readonly open: string; readonly read?: string; readonly write?: string };
}

export async function measureLimits(variant: EngineVariant, folder: string): Promise<LimitFigures> {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') {
        throw new Error('Filling a disk takes Linux and root, for a small file system in memory. Leave out "limits".');
    }
    const disk = join(folder, 'disk');
    const store = join(disk, 'store');
    mkdirSync(disk, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]);
    try {
        writeFileSync(join(disk, 'ballast'), Buffer.alloc(BALLAST_MB * 1024 * 1024));
        mkdirSync(store);
        const full = await resultOf<LimitFigures['full']>('fill-disk', variant, store);
        const { faults } = await resultOf<CrashFindings>('verify-after-crash', variant, store, 0, full.acknowledged);
        execFileSync('mount', ['-o', 'remount,ro', disk]);
        const readOnly = await resultOf<LimitFigures['readOnly']>('use-read-only', variant, store);
        return { full, faults, readOnly };
    } finally {
        execFileSync('umount', [disk]);
    }
}
