// People: who is known, and how they describe themselves and each other (spec 60 §2). The order of the rules, and
// whether a rule says what is the default anyway, is part of the hashes of the recipes.
import { defineRecipe, type ObjectOf } from '@refinio/one.core';

const person = { type: 'referenceToId', allowedTypes: ['Person'] } as const;
const profile = { type: 'referenceToId', allowedTypes: ['Profile'] } as const;
const someone = { type: 'referenceToId', allowedTypes: ['Someone'] } as const;
const text = { type: 'string' } as const;

export const LeuteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Leute',
    rule: [
        { itemprop: 'appId', isId: true, itemtype: { type: 'string', regexp: /^one.leute$/ } },
        { itemprop: 'me', itemtype: someone },
        { itemprop: 'other', itemtype: { type: 'bag', item: someone } },
        // What is entered are IDs of the groups, not of their profiles: all instances do it so (spec 60 §2.1).
        {
            itemprop: 'group',
            itemtype: { type: 'bag', item: { type: 'referenceToId', allowedTypes: ['GroupProfile'] } },
        },
    ],
});
/** Root of what an instance knows of people: who is me, who are the others, which groups are shown. Never shared. */
export type Leute = ObjectOf<typeof LeuteRecipe>;

export const SomeoneRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Someone',
    crdtConfig: new Map(),
    rule: [
        { itemprop: 'someoneId', isId: true },
        { itemprop: 'mainProfile', itemtype: profile },
        {
            itemprop: 'identities',
            itemtype: { type: 'map', key: person, value: { type: 'set', item: profile } },
        },
    ],
});
/**
 * "These identities are one human being", with the profiles that describe each. The one called `me` is never shared.
 */
export type Someone = ObjectOf<typeof SomeoneRecipe>;

export const ProfileRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Profile',
    rule: [
        { itemprop: 'profileId', isId: true, itemtype: text },
        { itemprop: 'personId', isId: true, itemtype: person },
        { itemprop: 'owner', isId: true, itemtype: person },
        {
            itemprop: 'communicationEndpoint',
            itemtype: {
                type: 'bag',
                item: { type: 'referenceToObj', allowedTypes: ['OneInstanceEndpoint', 'Email', 'PhoneNumber'] },
            },
        },
        {
            itemprop: 'personDescription',
            itemtype: {
                type: 'bag',
                item: {
                    type: 'referenceToObj',
                    allowedTypes: [
                        'PersonName',
                        'ProfileImage',
                        'PersonStatus',
                        'PersonImage',
                        'SignKey',
                        'EncryptionKey',
                        'OrganisationName',
                    ],
                },
            },
        },
    ],
});
/** One description of a person by an owner: how to reach the person, names, pictures, keys. This is what travels. */
export type Profile = ObjectOf<typeof ProfileRecipe>;

export const GroupProfileRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'GroupProfile',
    rule: [
        { itemprop: 'group', isId: true, itemtype: { type: 'referenceToId', allowedTypes: ['Group'] } },
        { itemprop: 'name', itemtype: text },
        { itemprop: 'picture', itemtype: { type: 'referenceToBlob' } },
    ],
});
/** How a group is shown. `picture` is `NO_PICTURE` for none. */
export type GroupProfile = ObjectOf<typeof GroupProfileRecipe>;

export const OneInstanceEndpointRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'OneInstanceEndpoint',
    rule: [
        { itemprop: 'personId', itemtype: person },
        { itemprop: 'instanceId', itemtype: { type: 'referenceToId', allowedTypes: ['Instance'] } },
        { itemprop: 'personKeys', itemtype: { type: 'referenceToObj', allowedTypes: ['Keys'] } },
        { itemprop: 'instanceKeys', itemtype: { type: 'referenceToObj', allowedTypes: ['Keys'] } },
        { itemprop: 'url', itemtype: text, optional: true },
    ],
});
/** Where and as whom an instance is reached. Without `url` it cannot be dialled; an empty one would be tried. */
export type OneInstanceEndpoint = ObjectOf<typeof OneInstanceEndpointRecipe>;

export const EmailRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Email',
    rule: [{ itemprop: 'email', itemtype: text }],
});
export type Email = ObjectOf<typeof EmailRecipe>;

export const PhoneNumberRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'PhoneNumber',
    rule: [{ itemprop: 'number', itemtype: text }],
});
export type PhoneNumber = ObjectOf<typeof PhoneNumberRecipe>;

export const PersonNameRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'PersonName',
    rule: [{ itemprop: 'name', itemtype: text }],
});
export type PersonName = ObjectOf<typeof PersonNameRecipe>;

export const ProfileImageRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'ProfileImage',
    rule: [{ itemprop: 'image', itemtype: { type: 'referenceToBlob' } }],
});
export type ProfileImage = ObjectOf<typeof ProfileImageRecipe>;

export const PersonStatusRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'PersonStatus',
    rule: [
        { itemprop: 'value', itemtype: text },
        { itemprop: 'timestamp', itemtype: { type: 'number' } },
        { itemprop: 'location', itemtype: text },
    ],
});
/** `timestamp` in milliseconds since 1970; `location` is empty if unknown. */
export type PersonStatus = ObjectOf<typeof PersonStatusRecipe>;

export const PersonImageRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'PersonImage',
    rule: [
        { itemprop: 'image', itemtype: { type: 'referenceToBlob' } },
        { itemprop: 'timestamp', itemtype: { type: 'number' } },
        { itemprop: 'location', itemtype: text },
    ],
});
/** `timestamp` in milliseconds since 1970; `location` is empty if unknown. */
export type PersonImage = ObjectOf<typeof PersonImageRecipe>;

const hexKey = { type: 'string', regexp: /^[A-Za-z0-9+/]{64}$/ } as const;

export const SignKeyRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'SignKey',
    rule: [{ itemprop: 'key', itemtype: hexKey }],
});
/** `key`: 64 lower case hexadecimal digits of an Ed25519 public key. */
export type SignKey = ObjectOf<typeof SignKeyRecipe>;

export const EncryptionKeyRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'EncryptionKey',
    rule: [{ itemprop: 'key', itemtype: hexKey }],
});
/** `key`: 64 lower case hexadecimal digits of an X25519 public key. */
export type EncryptionKey = ObjectOf<typeof EncryptionKeyRecipe>;

export const OrganisationNameRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'OrganisationName',
    rule: [{ itemprop: 'name', itemtype: text }],
});
export type OrganisationName = ObjectOf<typeof OrganisationNameRecipe>;

/** What stands in the list `communicationEndpoint` of a profile. */
export type CommunicationEndpoint = OneInstanceEndpoint | Email | PhoneNumber;

/** What stands in the list `personDescription` of a profile. */
export type PersonDescription =
    PersonName | ProfileImage | PersonStatus | PersonImage | SignKey | EncryptionKey | OrganisationName;

export const peopleRecipes = [
    LeuteRecipe,
    SomeoneRecipe,
    ProfileRecipe,
    GroupProfileRecipe,
    OneInstanceEndpointRecipe,
    EmailRecipe,
    PhoneNumberRecipe,
    PersonNameRecipe,
    ProfileImageRecipe,
    PersonStatusRecipe,
    PersonImageRecipe,
    SignKeyRecipe,
    EncryptionKeyRecipe,
    OrganisationNameRecipe,
] as const;
