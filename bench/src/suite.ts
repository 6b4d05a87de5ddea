/** One thing that is measured. */
export interface Benchmark {
    /** Stable: baselines are found by it. */
    readonly name: string;
    /** Bytes that one call works through, where a throughput says more than a number of calls. */
    readonly bytes?: number;
    /** One operation; what it returns is kept from being optimized away. */
    run(): unknown;
}

/** Benchmarks of one part, started with `npm run bench -- NAME`. */
export interface Suite {
    readonly name: string;
    readonly benchmarks: readonly Benchmark[];
}
