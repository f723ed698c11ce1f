// Where the scene is looked at from: a point that the view turns around.

const NEAREST_MM = 100;
const FARTHEST_MM = 500000;

class Viewpoint {
  // points: what the first view shows, all of it.
  constructor(points) {
    this.points = points;
    this.untouched = true;
  }

  reset() {
    this.untouched = true;
  }

  // To be called before every image: fits the first view in until somebody turns it.
  resize(width, height) {
    this.width = width;
    this.height = height;
    this.focal = 1.25 * Math.min(width, 1.4 * height);
    if (this.untouched) this.#fitIn();
  }

  #fitIn() {
    const low = [0, 1, 2].map((i) => Math.min(...this.points.map((p) => p[i])));
    const high = [0, 1, 2].map((i) => Math.max(...this.points.map((p) => p[i])));
    this.target = low.map((v, i) => (v + high[i]) / 2);
    this.azimuth = (-62 * Math.PI) / 180;
    this.elevation = 0.42;
    for (let again = 0; again < 3; again++) {
      this.#stepBack();
      const flat = this.points.map((point) => this.project(point));
      const middleOf = (axis) => {
        const values = flat.map((point) => point[axis]);
        return (Math.min(...values) + Math.max(...values)) / 2;
      };
      this.#shift(this.width / 2 - middleOf(0), this.height / 2 - middleOf(1));
    }
  }

  // As near as shows all points.
  #stepBack() {
    const inside = (point) => {
      const at = this.project(point);
      const across = at && Math.abs(at[0] / this.width - 0.5);
      return at && across < 0.46 && Math.abs(at[1] / this.height - 0.5) < 0.44;
    };
    for (this.distance = 1500; this.distance < 300000; this.distance *= 1.05) {
      this.settle();
      if (this.points.every(inside)) return;
    }
  }

  turn(dx, dy) {
    this.untouched = false;
    this.azimuth -= dx * 0.008;
    this.elevation = Math.min(1.55, Math.max(-0.3, this.elevation + dy * 0.008));
  }

  zoom(factor) {
    this.untouched = false;
    this.distance = Math.min(200000, Math.max(600, this.distance * factor));
  }

  // Move so that what is in the middle follows the pointer.
  move(dx, dy) {
    this.untouched = false;
    this.#shift(dx, dy);
  }

  #shift(dx, dy) {
    const { right, up } = this.axes();
    const scale = this.distance / this.focal;
    for (let i = 0; i < 3; i++) this.target[i] += scale * (-dx * right[i] + dy * up[i]);
  }

  axes() {
    const [sa, ca] = [Math.sin(this.azimuth), Math.cos(this.azimuth)];
    const [se, ce] = [Math.sin(this.elevation), Math.cos(this.elevation)];
    return {
      right: [-sa, ca, 0],
      up: [-se * ca, -se * sa, ce],
      forward: [-ce * ca, -ce * sa, -se],
    };
  }

  // To be called once per image, before `project`.
  settle() {
    Object.assign(this, this.axes());
    this.eye = this.target.map((v, i) => v - this.distance * this.forward[i]);
  }

  // [right, down, forward] of the eye, in mm.
  seen(point) {
    const [x, y, z] = [point[0] - this.eye[0], point[1] - this.eye[1], point[2] - this.eye[2]];
    const along = (axis) => x * axis[0] + y * axis[1] + z * axis[2];
    return [along(this.right), -along(this.up), along(this.forward)];
  }

  // [x, y, pixels per mm] on the canvas, or null behind the eye.
  project(point) {
    const [x, y, depth] = this.seen(point);
    if (depth < NEAREST_MM) return null;
    return this.#flat(x, y, depth);
  }

  // The point of the plane z that is seen at a place of the canvas, or null.
  onPlane(x, y, z) {
    const [a, b] = [(x - this.width / 2) / this.focal, (this.height / 2 - y) / this.focal];
    const ray = this.forward.map((v, i) => v + a * this.right[i] + b * this.up[i]);
    const along = (z - this.eye[2]) / ray[2];
    if (!(along > NEAREST_MM && along < FARTHEST_MM)) return null;
    return this.eye.map((v, i) => v + along * ray[i]);
  }

  // Both ends of a line, cut off where it comes too near to the eye, or null.
  projectLine(from, to) {
    let [a, b] = [this.seen(from), this.seen(to)];
    if (a[2] < NEAREST_MM && b[2] < NEAREST_MM) return null;
    const cut = (p, q) => {
      const share = (NEAREST_MM - p[2]) / (q[2] - p[2]);
      return p.map((v, i) => v + share * (q[i] - v));
    };
    if (a[2] < NEAREST_MM) a = cut(a, b);
    if (b[2] < NEAREST_MM) b = cut(b, a);
    return [this.#flat(...a), this.#flat(...b)];
  }

  #flat(x, y, depth) {
    const scale = this.focal / depth;
    return [this.width / 2 + scale * x, this.height / 2 + scale * y, scale];
  }
}
