/** Buttons that copy what stands in a field: `data-copy` is its id, `data-copied` what is said then. */
import { showToast } from './toasts';

export function prepareCopying(): void {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-copy]');
    const field = document.getElementById(button?.dataset['copy'] ?? '');
    if (button && field instanceof HTMLInputElement) void copy(field, button.dataset['copied'] ?? '');
  });
}

async function copy(field: HTMLInputElement, words: string): Promise<void> {
  field.select(); // where nothing may be copied it is at least selected
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    if (!document.execCommand('copy')) return;
  }
  showToast(words);
}
