// For tests: things to post, and lists as plain texts.
import type { AnyObject, Typed } from '@refinio/one.core';
import type { ChannelManager, EntryQuery } from './channel-manager.ts';

/** Something that is easily told apart. */
export function note(text: string): Typed {
    return { $type$: 'PersonName', name: text } as Typed;
}

export function textOf(data: AnyObject | undefined): string {
    return String(data?.['name']);
}

/** What was posted, newest first. */
export async function texts(channels: ChannelManager, query: EntryQuery): Promise<string[]> {
    const list: string[] = [];
    for await (const { data } of channels.objects(query)) list.push(textOf(data));
    return list;
}
