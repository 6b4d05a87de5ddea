/**
 * Version nodes that are still to be looked at: the greatest depth first, among equals the one that was added first. Made for
 * what histories look like: one node at the end of a long line, and many at the depth of their beginnings.
 */
export class NodeQueue<T extends { readonly depth: number }> {
    /** By ascending depth, none of them empty: what is taken next is in the last one, at its place `next`. */
    readonly #levels: { readonly depth: number; readonly nodes: T[]; next: number }[] = [];
    #size = 0;

    get size(): number {
        return this.#size;
    }

    add(node: T): void {
        this.#size++;
        let place = this.#levels.length;
        for (let level = this.#levels[place - 1]; level !== undefined; level = this.#levels[--place - 1]) {
            if (level.depth > node.depth) continue;
            if (level.depth === node.depth) {
                level.nodes.push(node);
                return;
            }
            break;
        }
        this.#levels.splice(place, 0, { depth: node.depth, nodes: [node], next: 0 });
    }

    take(): T | undefined {
        const level = this.#levels.at(-1);
        if (level === undefined) return undefined;
        this.#size--;
        const node = level.nodes[level.next++];
        if (level.next === level.nodes.length) this.#levels.pop();
        return node;
    }
}
