import { bootstrapApplication } from '@angular/platform-browser';
import { appConfig } from './app/app.config.ts';
import { App } from './app/app.ts';
import { reportStartFailure } from './app/report-start-failure.ts';

bootstrapApplication(App, appConfig).catch((error: unknown) => reportStartFailure(error, document));
