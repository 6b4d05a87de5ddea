const SHOWN_LEVELS = new Set(['warn', 'error', 'fatal']);

/** A log line of a service, made readable: `warn   redis is lost  reason="connect ECONNREFUSED"`. Other lines as they are. */
export function readableLine(line: string): { readonly text: string; readonly important: boolean } {
    let entry: unknown;
    try {
        entry = JSON.parse(line);
    } catch {
        return { text: line, important: true };
    }
    if (typeof entry !== 'object' || entry === null || !('level' in entry)) return { text: line, important: true };
    const { level, msg, time, service, version, err, ...fields } = entry as Record<string, unknown>;
    const details = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const text = [String(level).padEnd(5), typeof msg === 'string' ? msg : '', ...details].join(' ').trimEnd();
    return { text: text + stackOf(err), important: SHOWN_LEVELS.has(String(level)) };
}

function stackOf(err: unknown): string {
    if (typeof err !== 'object' || err === null || !('stack' in err)) return '';
    return `\n${String(err.stack)}`;
}
