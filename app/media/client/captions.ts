/** The page on which captions are written. */
import { Editor } from './captions/editor';

for (const box of document.querySelectorAll<HTMLElement>('[data-caption-editor]')) new Editor(box);
