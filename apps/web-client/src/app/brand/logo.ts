import { Component } from '@angular/core';
import { MARK } from './mark.ts';

/** The mark in the colour of the text around it. It is silent for screen readers: the name stands beside it. */
@Component({
    selector: 'lama-logo',
    template: `<svg viewBox="0 0 32 32" aria-hidden="true"><path [attr.d]="mark" /></svg>`,
    styles: `
        :host {
            display: inline-flex;
            flex: none;
        }
        svg {
            inline-size: 100%;
            block-size: 100%;
            fill: currentcolor;
        }
    `,
})
export class Logo {
    protected readonly mark = MARK;
}
