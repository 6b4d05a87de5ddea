import { measure as sample } from 'mitata';
import type { Benchmark, Suite } from './suite.ts';

/** What one benchmark took. */
export interface Measurement {
    readonly name: string;
    /** Median time of one call. */
    readonly nsPerCall: number;
    /** Allocated on the heap by one call, on average; null where the run was too short to tell. */
    readonly bytesAllocated: number | null;
    readonly bytes: number | null;
}

/** @param seconds time spent on each benchmark; a fraction is enough to see that it runs */
export async function measureSuite({ benchmarks }: Suite, seconds: number): Promise<Measurement[]> {
    const measurements: Measurement[] = [];
    for (const benchmark of benchmarks) measurements.push(await measureOne(benchmark, seconds));
    return measurements;
}

async function measureOne(benchmark: Benchmark, seconds: number): Promise<Measurement> {
    const usedHeap = () => process.memoryUsage().heapUsed;
    const stats = await sample(() => benchmark.run(), { min_cpu_time: seconds * 1e9, heap: usedHeap });
    return {
        name: benchmark.name,
        nsPerCall: stats.p50,
        bytesAllocated: stats.heap ? Math.max(0, Math.round(stats.heap.avg)) : null,
        bytes: benchmark.bytes ?? null,
    };
}
