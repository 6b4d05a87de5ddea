import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { coreRecipes, Microdata, RecipeRegistry, validateRecipe, hashText } from '@refinio/one.core';
import { channelRecipes } from './channel-recipes.ts';
import { modelRecipes } from './model-recipes.ts';
import { trustRecipes } from './trust-recipes.ts';

const ours = ['OwnDevice', 'DeviceRevocation'];
/** The recorded instance had no channels; of these types only objects are recorded. */
const notRecorded: readonly string[] = channelRecipes.map(({ name }) => name);

test('recipes are, byte by byte, those of deployed instances', async () => {
    const folder = JSON.parse(
        readFileSync(new URL('../../test-vectors/instance-folder.json', import.meta.url), 'utf8'),
    ) as { files: Record<string, string> };
    const deployed = new Set(Object.keys(folder.files).map(path => path.split('/').at(-1)));
    const microdata = new Microdata(new RecipeRegistry());
    for (const recipe of modelRecipes) {
        if ([...ours, ...notRecorded].includes(recipe.name)) continue;
        const hash = await hashText(microdata.write(validateRecipe(recipe)));
        expect({ name: recipe.name, isDeployed: deployed.has(hash) }).toEqual({ name: recipe.name, isDeployed: true });
    }
});

test('the recipes of trust have the recorded hashes', async () => {
    const { recipes } = JSON.parse(
        readFileSync(new URL('../../test-vectors/crypto.json', import.meta.url), 'utf8'),
    ) as { recipes: { what: string; hash: string; microdata: string }[] };
    const microdata = new Microdata(new RecipeRegistry());
    for (const { what, hash, microdata: recorded } of recipes) {
        const recipe = [...trustRecipes, ...modelRecipes].find(({ name }) => name === what);
        const text = recipe && microdata.write(validateRecipe(recipe));
        expect(text).toBe(recorded);
        expect(await hashText(text ?? '')).toBe(hash);
    }
});

test('no type has a name of the core', () => {
    const names = coreRecipes.map(({ name }) => name as string);
    for (const { name } of modelRecipes) expect(names).not.toContain(name);
});
