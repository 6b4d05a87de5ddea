/** Whom an address is counted as: an IPv4 address as itself, also when written as IPv6; an IPv6 one as its /64, which is what one household has. */
export function addressGroup(address: string): string {
    const [plain = ''] = address.toLowerCase().split('%');
    if (!plain.includes(':')) return plain;
    const mapped = /^(?:0*:)*:?ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
    if (mapped !== undefined) return mapped;
    const [head = '', tail] = plain.split('::');
    const [first, last] = [parts(head), parts(tail ?? '')];
    // What `::` stands for; the last part may be an IPv4 address, which is two parts.
    const missing = tail === undefined ? 0 : 8 - first.length - last.length - (plain.includes('.') ? 1 : 0);
    const all = [...first, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...last];
    return `${all
        .slice(0, 4)
        .map(part => part.replace(/^0+(?=.)/, ''))
        .join(':')}::/64`;
}

function parts(text: string): readonly string[] {
    return text === '' ? [] : text.split(':');
}
