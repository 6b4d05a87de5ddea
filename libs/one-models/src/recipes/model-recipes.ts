import type { RecipeDefinition, ReverseMapTypes } from '@refinio/one.core';
import { channelRecipes } from './channel-recipes.ts';
import { deviceRecipes } from './device-recipes.ts';
import { peopleRecipes } from './people-recipes.ts';
import { certificateRecipes, trustRecipes } from './trust-recipes.ts';

/** What an instance has to know for the models of this library. */
export const modelRecipes: readonly RecipeDefinition[] = [
    ...peopleRecipes,
    ...trustRecipes,
    ...deviceRecipes,
    ...channelRecipes,
];

const all = new Set(['*']);

/** Which objects link to what: without these, certificates and contacts are never found (spec 32-B.1, 60 §2.3). */
export const modelReverseMaps: ReverseMapTypes = new Map([
    ['Signature', new Set(['issuer', 'data'])],
    ['AccessUnversionedObjectCertificate', all],
    ['AccessVersionedObjectCertificate', all],
    ['AffirmationCertificate', all],
    ['License', all],
    ...certificateRecipes
        .map(({ name }) => name)
        .filter(name => !name.startsWith('Access') && name !== 'AffirmationCertificate')
        .map(name => [name, all] as const),
    ['Profile', new Set(['communicationEndpoint', 'personDescription'])],
    ['Someone', all],
    ['OneInstanceEndpoint', all],
    ['OwnDevice', all],
    ['DeviceRevocation', all],
]);

/** The same for ID objects. */
export const modelReverseMapsForIdObjects: ReverseMapTypes = new Map([['Profile', new Set(['owner', 'personId'])]]);
