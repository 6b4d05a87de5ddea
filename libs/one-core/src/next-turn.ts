/** Resolves when everybody else had a turn: for long work that never waits. */
export function nextTurn(): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, 0));
}
