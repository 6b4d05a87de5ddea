import type { Settings } from './settings.ts';

/** A Markdown table of settings for the documentation, in the order in which they are declared. */
export function describeSettings(settings: Settings): string {
    const rows = Object.entries(settings).map(([name, setting]) => {
        const variable = setting.secret ? `${name}_FILE` : name;
        const missing = setting.required ? 'required' : 'none';
        const fallback = setting.fallback === undefined ? missing : `\`${setting.fallback}\``;
        return `| \`${variable}\` | ${setting.about} | ${setting.expected} | ${fallback} | \`${setting.example}\` |`;
    });
    const head = ['| variable | meaning | form | default | example |', '| --- | --- | --- | --- | --- |'];
    return [...head, ...rows].join('\n');
}
