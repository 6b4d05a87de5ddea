// The own devices of a human being (DESIGN §1.1). These types are ours; deployed instances do not know them, so that
// they are granted to own devices only.
import { defineRecipe, type ObjectOf } from '@refinio/one.core';

const person = { type: 'referenceToId', allowedTypes: ['Person'] } as const;
const keys = { type: 'referenceToObj', allowedTypes: ['Keys'] } as const;

export const OwnDeviceRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'OwnDevice',
    rule: [
        { itemprop: 'owner', itemtype: person },
        { itemprop: 'device', itemtype: person },
        { itemprop: 'keysHash', itemtype: keys },
        { itemprop: 'kind', itemtype: { type: 'string', regexp: /^(archive|browser)$/ } },
        { itemprop: 'created', itemtype: { type: 'integer', min: 0 } },
    ],
});
/**
 * Signed by its owner: the instance of the person `device`, which has the keys `keysHash`, belongs to the same human
 * being. `created` in milliseconds since 1970.
 */
export type OwnDevice = ObjectOf<typeof OwnDeviceRecipe>;

export const DeviceRevocationRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'DeviceRevocation',
    rule: [
        { itemprop: 'device', itemtype: person },
        { itemprop: 'owner', itemtype: person },
        { itemprop: 'at', itemtype: { type: 'integer', min: 0 } },
        { itemprop: 'reason', itemtype: { type: 'string' } },
        { itemprop: 'keysHash', itemtype: keys },
    ],
});
/** Signed by its owner: a device, with these keys, is no longer one of the owner's. `at` in milliseconds since 1970. */
export type DeviceRevocation = ObjectOf<typeof DeviceRevocationRecipe>;

export const deviceRecipes = [OwnDeviceRecipe, DeviceRevocationRecipe] as const;
