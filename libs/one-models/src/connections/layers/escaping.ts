// Texts that begin like a control string (spec 50 §3.3, §3.4): the sender appends an x at the end, the receiver removes the last
// character, whatever it is.

export function escapeText(text: string, controls: readonly string[]): string {
    return controls.some(control => text.startsWith(control)) ? `${text}x` : text;
}

/** Of a text that is no control string itself. */
export function unescapeText(text: string, controls: readonly string[]): string {
    return controls.some(control => text.startsWith(control)) ? text.slice(0, -1) : text;
}
