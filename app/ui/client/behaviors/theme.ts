/** The theme changes at once; without a script the same form asks the server and comes back. */
const ONE_YEAR = 365 * 24 * 3600;

function choose(theme: string): void {
  const root = document.documentElement;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  if (theme === 'auto') {
    delete root.dataset['theme'];
    document.cookie = `theme=; Path=/; Max-Age=0; SameSite=Lax${secure}`;
  } else {
    root.dataset['theme'] = theme;
    document.cookie = `theme=${theme}; Path=/; Max-Age=${ONE_YEAR}; SameSite=Lax${secure}`;
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-theme-form] [name=theme]')) {
    button.setAttribute('aria-pressed', String(button.value === theme));
  }
}

export function prepareTheme(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    const button = event.submitter as HTMLButtonElement | null;
    if (!form.matches('[data-theme-form]') || button?.name !== 'theme') return;
    event.preventDefault();
    choose(button.value);
  });
}
