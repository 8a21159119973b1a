/** Videos on a page: players, and those still being prepared. */
import { Player } from './player/player';
import { watchPreparation } from './player/preparation';

for (const box of document.querySelectorAll<HTMLElement>('[data-player]')) new Player(box);
for (const box of document.querySelectorAll<HTMLElement>('[data-preparing]')) watchPreparation(box);
