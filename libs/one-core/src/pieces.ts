/** What comes one by one, some at a time. */
export async function* inPieces<T>(items: AsyncIterable<T>, size: number): AsyncIterable<T[]> {
    let piece: T[] = [];
    for await (const item of items) {
        piece.push(item);
        if (piece.length < size) continue;
        yield piece;
        piece = [];
    }
    if (piece.length > 0) yield piece;
}
