/** The result of a request. */
export function answerTo<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(errorOf(request));
    });
}

/** Resolves when the transaction is complete; durable, if it asks for that. */
export function endOf(transaction: IDBTransaction): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(errorOf(transaction));
    // Whoever writes hears of it; before that it is not unhandled.
    promise.catch(() => undefined);
    return promise;
}

/** Nothing of it is stored, if it has not ended already. */
export function abort(transaction: IDBTransaction): void {
    try {
        transaction.abort();
    } catch {
        // It has.
    }
}

/** None of its own: the browser gave it up. */
function errorOf({ error }: IDBRequest | IDBTransaction): DOMException {
    return error ?? new DOMException('', 'AbortError');
}
