// Escaping of texts (spec 10 §5.4): only these three characters, and nothing else is ever decoded.

const MARKUP = /[&<>]/;
/** A character that escaping would have replaced. */
const NOT_ESCAPED = /[<>]|&(?!amp;|lt;|gt;)/;

/** Text as it stands between tags. */
export function escape(text: string): string {
    if (!MARKUP.test(text)) return text;
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Reverse of `escape`, tolerant: what is no reference of ours stays as it is. */
export function unescape(text: string): string {
    if (!text.includes('&')) return text;
    return text.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}

/** Whether a text is what `escape` makes of some text. */
export function isEscaped(text: string): boolean {
    return !NOT_ESCAPED.test(text);
}
