// How much a text of JSON holds, found out before it is parsed: parsers need twenty times the memory of a text of brackets.
import { MAX_JSON_NESTING } from '../limits.ts';

const [QUOTE, COMMA, OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
    0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d,
];

/**
 * What a text has too much of: levels above `MAX_JSON_NESTING`, or values. Up to the first error of a text that is no JSON, a
 * parser sees the same.
 * @param maxValues counts lists, objects and commas outside of strings; texts with fewer characters are not looked at
 */
export function excessOf(text: string, maxValues: number): 'depth' | 'values' | undefined {
    // Every value takes a character.
    if (text.length <= maxValues) return undefined;
    let [depth, values] = [0, 0];
    for (let at = 0; at < text.length; at++) {
        switch (text.charCodeAt(at)) {
            case QUOTE:
                at = endOfString(text, at);
                break;
            case OPEN_LIST:
            case OPEN_OBJECT:
                values++;
                if (++depth > MAX_JSON_NESTING) return 'depth';
                break;
            case CLOSE_LIST:
            case CLOSE_OBJECT:
                depth--;
                break;
            case COMMA:
                values++;
                break;
        }
        if (values > maxValues) return 'values';
    }
    return undefined;
}

/** Place of the quote that ends a string. A string of many escaped quotes is the longest thing that travels: a root list. */
function endOfString(text: string, start: number): number {
    for (let end = text.indexOf('"', start + 1); end > 0; end = text.indexOf('"', end + 1)) {
        let before = end - 1;
        while (text.charCodeAt(before) === BACKSLASH) before--;
        if ((end - before) % 2 === 1) return end;
    }
    return text.length;
}
