// A small image per camera, and the buttons that hide cameras.

class Strip {
  constructor(recording, images, state, lookFrom, changed) {
    Object.assign(this, { recording, images, state });
    const strip = document.getElementById('strip');
    const buttons = document.getElementById('cameras');
    this.views = recording.cameras.map(({ name, size }, view) => {
      const figure = document.createElement('figure');
      const canvas = document.createElement('canvas');
      const caption = document.createElement('figcaption');
      canvas.style.aspectRatio = `${size[0]} / ${size[1]}`;
      figure.title = `look from ${name}`;
      figure.append(canvas, caption);
      figure.addEventListener('click', () => lookFrom(view));
      strip.append(figure);

      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.title = `hide or show ${name}`;
      button.setAttribute('aria-pressed', 'true');
      button.addEventListener('click', () => {
        const hidden = state.hidden.delete(view) ? false : Boolean(state.hidden.add(view));
        button.setAttribute('aria-pressed', String(!hidden));
        figure.hidden = hidden;
        if (hidden && state.camera === view) lookFrom(-1);
        changed();
      });
      buttons.append(button);
      return { figure, canvas, caption, name };
    });
  }

  // As large as fits beside each other, within reason; beyond that the strip scrolls.
  #fitIn() {
    const shown = this.recording.cameras.filter((_, view) => !this.state.hidden.has(view));
    const aspects = shown.reduce((sum, { size }) => sum + size[0] / size[1], 0);
    const strip = document.getElementById('strip');
    const height = (strip.clientWidth - 24 - 8 * (shown.length - 1)) / aspects;
    strip.style.setProperty('--height', `${Math.min(150, Math.max(100, Math.floor(height)))}px`);
  }

  draw() {
    const { recording, images, state } = this;
    this.#fitIn();
    for (const [view, { figure, canvas, caption, name }] of this.views.entries()) {
      if (figure.hidden) continue;
      figure.classList.toggle('looking', state.camera === view);
      const ctx = fit(canvas);
      const place = [0, 0, canvas.clientWidth, canvas.clientHeight];
      const { frame } = paintView(ctx, recording, images, view, state.t, place, state, false);
      const late = frame !== null && frame !== state.t;
      const text = late ? `image of ${recording.frames[frame]}` : '';
      if (caption.dataset.text === text) continue;
      caption.dataset.text = text;
      const bold = document.createElement('b');
      bold.textContent = name;
      caption.replaceChildren(bold, text ? ` ${text}` : '');
    }
  }
}
