// As the system, light, or dark. The choice is kept; the system's is followed as it changes.
const names = { auto: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };
const signs = { auto: '◐', light: '○', dark: '●' };
const key = 'cm-theme';

/** Makes a button that goes round the three. */
export function setUpTheme(button) {
  let theme = localStorage.getItem(key);
  theme = theme in names ? theme : 'auto';
  const show = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = signs[theme];
    button.setAttribute('aria-label', names[theme]);
    button.title = names[theme];
  };
  button.addEventListener('click', () => {
    const order = Object.keys(names);
    theme = order[(order.indexOf(theme) + 1) % order.length];
    localStorage.setItem(key, theme);
    show();
  });
  show();
}
