// A document that was brought in here appears among those to choose from, without loading the page anew: what is typed elsewhere on it stays.
const offered = document.querySelector<HTMLElement>('[data-offered]');
let asking = 0;

async function refresh(place: HTMLElement): Promise<void> {
  const mine = ++asking;
  try {
    const response = await fetch(place.dataset['offered'] as string, { headers: { Accept: 'text/html' } });
    if (!response.ok || mine !== asking) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('[data-offered]');
    if (!fresh) return;
    const shown = place.querySelector<HTMLSelectElement>('select[name=item]');
    const choice = fresh.querySelector<HTMLSelectElement>('select[name=item]');
    if (!shown || !choice) {
      place.replaceChildren(...document.adoptNode(fresh).childNodes);
      return;
    }
    const chosen = shown.value;
    shown.replaceChildren(...document.adoptNode(choice).childNodes);
    shown.value = chosen;
  } catch {
    // Offline for a moment: the choice stays as it is, the next document asks again.
  }
}

document.addEventListener('gurindam:uploaded', () => {
  if (offered) void refresh(offered);
});

export {};
