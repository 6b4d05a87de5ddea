// Escaping of texts (spec 10 §5.4): only these three characters, and nothing else is ever decoded.

const MARKUP = /[&<>]/;

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
