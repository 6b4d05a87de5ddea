import type { Setting, Settings } from './settings.ts';

/** What `--help` of a service prints: each variable with its meaning, form, default and an example. */
export function describeSettings(settings: Settings): string {
    const names = Object.entries(settings).map(([name, { secret }]) => (secret ? `${name}_FILE` : name));
    const width = Math.max(...names.map(name => name.length));
    return Object.values(settings)
        .map((setting, index) => {
            const [name, indent] = [names[index] ?? '', ' '.repeat(width + 4)];
            return `  ${name.padEnd(width)}  ${setting.about}\n${indent}${formOf(name, setting)}`;
        })
        .join('\n');
}

function formOf(name: string, { expected, fallback, required, example }: Setting<unknown>): string {
    if (fallback !== undefined) return `${expected}; default ${fallback}`;
    return `${expected}; ${required ? 'required' : 'no default'}, for example ${name}=${example}`;
}
