import { type ApplicationConfig, provideBrowserGlobalErrorListeners } from '@angular/core';

/** What the whole application is provided with. Zoneless and OnPush are Angular's defaults. */
export const appConfig: ApplicationConfig = {
    providers: [provideBrowserGlobalErrorListeners()],
};
