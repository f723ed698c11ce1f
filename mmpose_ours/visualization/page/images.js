// The cameras' images, decoded when they are needed.

const KEPT_IMAGES = 240;

class Images {
  constructor(recording) {
    this.frames = recording.imageFrames;
    this.spans = recording.imageSpans;
    this.text = this.frames.length ? textOf('images') : '';
    this.decoded = new Map(); // the least recently used first
    this.shown = new Map(); // camera -> what was drawn last
    this.whenReady = () => {};
  }

  get any() {
    return this.frames.length > 0;
  }

  // Which frame's image stands for this one: its own, or the nearest earlier one.
  standIn(view, t) {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle] <= t) low = middle + 1;
      else high = middle;
    }
    for (let k = low - 1; k >= 0; k--) {
      const [from, to] = this.spans[k][view];
      if (to > from) return k;
    }
    return -1;
  }

  // {image, frame} to draw now, or null; while one is being decoded, the one before it.
  at(view, t) {
    const k = this.standIn(view, t);
    if (k < 0) return null;
    const image = this.#decode(view, k);
    if (k + 1 < this.frames.length) this.#decode(view, k + 1);
    if (image.complete && image.naturalWidth) {
      this.shown.set(view, { image, frame: this.frames[k] });
    }
    return this.shown.get(view) || null;
  }

  #decode(view, k) {
    const key = k * 1024 + view;
    let image = this.decoded.get(key);
    if (image) {
      this.decoded.delete(key);
    } else {
      const [from, to] = this.spans[k][view];
      image = new Image();
      image.onload = () => this.whenReady();
      if (to > from) image.src = `data:image/jpeg;base64,${this.text.slice(from, to)}`;
      if (this.decoded.size >= KEPT_IMAGES) {
        this.decoded.delete(this.decoded.keys().next().value);
      }
    }
    this.decoded.set(key, image);
    return image;
  }
}
