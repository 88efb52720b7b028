// What can be done with a picture, wherever it is shown.

const takes = { fill: ['inpaint', 'Fill a part'], colour: ['colorize', 'Colour it'], enlarge: ['superres', 'Enlarge'], sketch: ['stroke', 'Sketch over it'] };

/** Actions of the viewer: { text, act, pressed?, stay?, danger? }. */
export function actionsOf(app, picture) {
  const into = id => async () => {
    const mode = app.show(id, false);
    await mode.open(picture.blob, picture.class);
  };
  const walk = i => () => app.show('walk', false).setEnd(i, { blob: picture.blob });
  return [
    { text: picture.starred ? 'Starred' : 'Star', pressed: Boolean(picture.starred), stay: true, act: () => app.gallery.star(picture) },
    { text: 'Set everything as it was', act: () => app.restore(picture) },
    app.model.can('variations') && { text: 'More like this', act: () => app.modes[0].vary(picture) },
    ...Object.entries(takes).map(([id, [edit, text]]) => app.model.can(edit) && { text, act: into(id) }),
    ...(app.model.can('interpolate') ? [{ text: 'Walk from here', act: walk(0) }, { text: 'Walk to here', act: walk(1) }] : []),
    app.gallery.has(picture) && { text: 'Remove', danger: true, act: () => app.gallery.remove([picture]) },
  ].filter(Boolean);
}
