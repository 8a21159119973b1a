/** Uploaders on a page. What really sends (tus, digests) is loaded with the first file. */
import { Uploader } from './upload/uploader';

for (const box of document.querySelectorAll<HTMLElement>('[data-uploader]')) new Uploader(box);
