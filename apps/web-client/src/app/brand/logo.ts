import { Component } from '@angular/core';

/** The mark of LAMA Federation, in the colour of the text around it. It says nothing: the name stands beside it. */
@Component({
    selector: 'lama-logo',
    template: `
        <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M0 0" />
        </svg>
    `,
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
export class Logo {}
