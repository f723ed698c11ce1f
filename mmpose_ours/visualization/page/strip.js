// A small image per camera, and the buttons that hide cameras.

// Of a square as large as an image; of the window's height that the highest image may take.
const [LEAST_PX, MOST_PX] = [130, 200];
const HEIGHT_SHARE = 0.34;

class Strip {
  constructor(recording, images, state, lookFrom, changed) {
    Object.assign(this, { recording, images, state });
    const strip = document.getElementById('strip');
    const buttons = document.getElementById('cameras');
    this.views = recording.cameras.map(({ name, size }, view) => {
      const figure = document.createElement('figure');
      const canvas = document.createElement('canvas');
      const caption = document.createElement('figcaption');
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
      return { figure, canvas, caption, name, aspect: size[0] / size[1] };
    });
  }

  // All of the same area, upright or not, as large as fits beside each other, within reason;
  // beyond that the strip scrolls.
  #fitIn() {
    const shown = this.views.filter((_, view) => !this.state.hidden.has(view));
    const across = shown.reduce((sum, { aspect }) => sum + Math.sqrt(aspect), 0);
    const room = document.getElementById('strip').clientWidth - 24 - 8 * (shown.length - 1);
    const upright = Math.sqrt(Math.min(1, ...shown.map(({ aspect }) => aspect)));
    const most = Math.min(MOST_PX, HEIGHT_SHARE * window.innerHeight * upright);
    const side = Math.max(LEAST_PX, Math.min(most, room / across));
    for (const { canvas, aspect } of shown) {
      canvas.style.width = `${Math.floor(side * Math.sqrt(aspect))}px`;
      canvas.style.height = `${Math.floor(side / Math.sqrt(aspect))}px`;
    }
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
