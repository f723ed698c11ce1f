// The recording: numbers unpacked once, and what the drawing asks of them.

const MISSING = -32768;

function textOf(id) {
  return document.getElementById(id).textContent;
}

function numbers(name, Kind) {
  const raw = atob(textOf(`data-${name}`));
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

function running(counts) {
  const starts = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) starts[i + 1] = starts[i] + counts[i];
  return starts;
}

function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (!sorted.length) return NaN;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// A person in a frame is a row; rows are counted through the whole recording.
class Recording {
  constructor(manifest) {
    Object.assign(this, manifest);
    this.length = this.frames.length;
    this.starts = running(numbers('counts', Uint16Array));
    this.ids = numbers('ids', Float64Array);
    this.scores = numbers('scores', Float32Array);
    this.seenBy = numbers('views', Float32Array);
    this.poses = numbers('poses', Int16Array);
    this.pixels = numbers('pixels', Int16Array);
    this.foundStarts = running(numbers('foundCounts', Uint16Array));
    this.found = numbers('found', Int16Array);
    this.bentLines = numbers('lines', Int16Array);
    this.rowCount = this.ids.length;
    this.colours = new Map(this.people.map(({ id, colour }) => [id, colour]));
    this.places = this.#placesOfAll();
    this.rowsById = new Map(this.people.map(({ id }) => [id, []]));
    this.frameOfRow = new Uint32Array(this.rowCount);
    for (let t = 0; t < this.length; t++) {
      for (const row of this.rowsAt(t)) {
        this.frameOfRow[row] = t;
        this.rowsById.get(this.ids[row]).push(row);
      }
    }
  }

  rowsAt(t) {
    const rows = [];
    for (let row = this.starts[t]; row < this.starts[t + 1]; row++) rows.push(row);
    return rows;
  }

  rowOf(id, t) {
    if (t < 0 || t >= this.length) return -1;
    for (let row = this.starts[t]; row < this.starts[t + 1]; row++) {
      if (this.ids[row] === id) return row;
    }
    return -1;
  }

  // [x, y, z] in mm, or null where the joint is missing.
  joint(row, joint) {
    const at = 3 * (row * this.joints.length + joint);
    if (this.poses[at] === MISSING) return null;
    const { origin, step } = this.world;
    return [0, 1, 2].map((axis) => origin[axis] + step * this.poses[at + axis]);
  }

  // Where a joint is in a camera's image, as shares of its width and height, or null.
  pixel(view, row, joint) {
    const at = 2 * ((view * this.rowCount + row) * this.joints.length + joint);
    return this.#share(view, this.pixels, at);
  }

  // The joints that were found in a camera's image.
  foundAt(view, t) {
    const index = view * this.length + t;
    const points = [];
    for (let i = this.foundStarts[index]; i < this.foundStarts[index + 1]; i++) {
      const point = this.#share(view, this.found, 2 * i);
      if (point) points.push(point);
    }
    return points;
  }

  // The floor's and the space's lines as the camera sees them: [is of the space, points].
  *linesIn(view) {
    const total = this.lineLengths.reduce((a, b) => a + b, 0);
    let at = view * total;
    for (const [index, length] of this.lineLengths.entries()) {
      const points = [];
      for (let i = 0; i < length; i++, at++) points.push(this.#share(view, this.bentLines, 2 * at));
      yield [index >= this.grid.length, points];
    }
  }

  place(row) {
    const at = 3 * row;
    return Number.isNaN(this.places[at]) ? null : [...this.places.subarray(at, at + 3)];
  }

  boneLength(row, [, a, b]) {
    const from = this.joint(row, a);
    const to = this.joint(row, b);
    return from && to ? Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]) : NaN;
  }

  // How far a person moves per second, in m, over a fifth of a second; NaN where unknown.
  speed(id, t) {
    if (!this.fps) return NaN;
    const reach = Math.max(1, Math.round(this.fps / 10));
    let [first, last] = [t, t];
    for (let i = 1; i <= reach; i++) {
      if (this.rowOf(id, t - i) >= 0) first = t - i;
      if (this.rowOf(id, t + i) >= 0) last = t + i;
    }
    const a = first < last && this.place(this.rowOf(id, first));
    const b = first < last && this.place(this.rowOf(id, last));
    if (!a || !b) return NaN;
    const moved = Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    return (moved / 1000 / (last - first)) * this.fps;
  }

  // [first, last] frames of the stretches in which somebody is there.
  stretches(id) {
    const found = [];
    for (const row of this.rowsById.get(id)) {
      const t = this.frameOfRow[row];
      const last = found[found.length - 1];
      if (last && last[1] === t - 1) last[1] = t;
      else found.push([t, t]);
    }
    return found;
  }

  #share(view, values, at) {
    if (values[at] === MISSING) return null;
    const { size, pixelStep } = this.cameras[view];
    // The middle of the first pixel is 0, so the image begins at -0.5.
    return [
      (size[0] / 2 + pixelStep * values[at] + 0.5) / size[0],
      (size[1] / 2 + pixelStep * values[at + 1] + 0.5) / size[1],
    ];
  }

  #placesOfAll() {
    const places = new Float32Array(3 * this.rowCount).fill(NaN);
    const every = this.joints.map((_, index) => index);
    for (let row = 0; row < this.rowCount; row++) {
      let known = this.root.map((j) => this.joint(row, j));
      if (known.includes(null)) known = every.map((j) => this.joint(row, j)).filter(Boolean);
      for (let axis = 0; axis < 3 && known.length; axis++) {
        places[3 * row + axis] = known.reduce((sum, p) => sum + p[axis], 0) / known.length;
      }
    }
    return places;
  }
}
