// Identifiers that are the same on every instance of every person (spec 60 §2.4).
import { ensureHash, ensureIdHash, type BLOB, type Group, type SHA256Hash, type SHA256IdHash } from '@refinio/one.core';
import type { Leute, Someone } from '../recipes/people-recipes.ts';

/** `profileId` of the profile by which a person describes itself, or an owner describes another person. */
export const DEFAULT_PROFILE = 'default';
/** `profileId` of the own profile that is granted to own devices only: how they reach this one without anybody else. */
export const LOCAL_PROFILE = 'local';
export const LEUTE_APP = 'one.leute';
/** `someoneId` of oneself. */
export const ME = 'me';
/** Name of the group of all persons that were ever seen: what is granted to it is told to everybody. */
export const EVERYONE = 'everyone';
/** Name of the group of the own identities. */
export const IOM = 'IoM';
/** Group of persons whose connections stay off. */
export const INITIALLY_DISABLED = 'initiallyDisabled';
/** Group of persons who are blocked. */
export const BLACKLIST = 'blacklist';

export const LEUTE_ID: SHA256IdHash<Leute> = ensureIdHash(
    '54ad88a5a3adc4196feee1a28db540d8f5af750f076fb928457a73c455da7f2e',
);
export const ME_ID: SHA256IdHash<Someone> = ensureIdHash(
    '36d7288c7375b3adc64eb50659d94e38eca187905e047551a99ded280b8243b9',
);
export const EVERYONE_ID: SHA256IdHash<Group> = ensureIdHash(
    'bf06aaea8080afd76bfabefc631f53c55006e96b020cd1b96f7a01215d2fc06c',
);
export const IOM_ID: SHA256IdHash<Group> = ensureIdHash(
    'c187244ac4945c6d0091684bf628d07a165ce3dd35d52bf0cd587de2d754f130',
);
export const INITIALLY_DISABLED_ID: SHA256IdHash<Group> = ensureIdHash(
    '031f6a8e71dae13174ba577a13d83816a2dcc174da44f76645b218e7c350da4b',
);
export const BLACKLIST_ID: SHA256IdHash<Group> = ensureIdHash(
    '949eeb4b5da1d7cd31f423fb550de8ce7929e37d232a791576b4e41004b42579',
);

/** In the place of a picture where there is none: no such BLOB exists. */
export const NO_PICTURE: SHA256Hash<BLOB> = ensureHash('0'.repeat(64));
