// Distances between two points that are clicked: joints, cameras, places on the floor.

class Measure {
  constructor(recording, state, room) {
    Object.assign(this, { recording, state, room });
    this.picks = [];
    room.measure = this;
  }

  toggle(on = !this.state.measuring) {
    this.state.measuring = on;
    this.picks = [];
    document.getElementById('measure').setAttribute('aria-pressed', String(on));
    document.getElementById('measured').hidden = !on;
    this.room.canvas.classList.toggle('measuring', on);
  }

  // A third point begins anew.
  pick(x, y, reach) {
    const found = this.#joint(x, y, reach) || this.#camera(x, y, reach) || this.#floor(x, y);
    if (!found) return;
    this.picks = this.picks.length === 2 ? [found] : [...this.picks, found];
  }

  // In mm; NaN where one of them is missing in this frame, null before there are two.
  distance() {
    if (this.picks.length < 2) return null;
    const [a, b] = this.picks.map((pick) => this.#place(pick));
    return a && b ? Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]) : NaN;
  }

  text() {
    if (!this.picks.length) return 'click a joint, a camera or the floor';
    const names = this.picks.map((pick) => this.#name(pick)).join(' – ');
    if (this.picks.length < 2) return `${names} – click the second point`;
    return `${names}: ${inMillimetres(this.distance()) || 'missing in this frame'}`;
  }

  draw(ctx) {
    const ends = this.picks.map((pick) => this.#onCanvas(pick));
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = theme.accent;
    ctx.lineWidth = 2;
    if (ends.length === 2 && this.state.camera < 0) this.#drawLine(ctx);
    else if (ends.length === 2) paintLine(ctx, ends);
    for (const end of ends) if (end) paintDisc(ctx, end[0], end[1], 5);
    const label = inMillimetres(this.distance());
    if (label && ends[0] && ends[1]) {
      const [x, y] = [0, 1].map((axis) => (ends[0][axis] + ends[1][axis]) / 2);
      paintLabel(ctx, label, x, y - 14, theme.accent);
    }
    ctx.restore();
  }

  #drawLine(ctx) {
    const [a, b] = this.picks.map((pick) => this.#place(pick));
    const line = a && b && this.room.viewpoint.projectLine(a, b);
    if (line) paintLine(ctx, line);
  }

  #place({ id, joint, view, point }) {
    if (point) return point;
    if (view !== undefined) return this.recording.cameras[view].center;
    const row = this.recording.rowOf(id, this.state.t);
    return row < 0 ? null : this.recording.joint(row, joint);
  }

  // Lenses bend what a camera sees; what is drawn there is what was projected in Python.
  #onCanvas(pick) {
    const place = this.#place(pick);
    if (this.state.camera < 0) return place && this.room.viewpoint.project(place);
    return this.room.drawn.find(({ id }) => id === pick.id)?.points[pick.joint] || null;
  }

  #name({ id, joint, view }) {
    if (view !== undefined) return this.recording.cameras[view].name;
    if (id === undefined) return 'floor';
    return `${this.recording.joints[joint].replaceAll('_', ' ')} of ${id}`;
  }

  #joint(x, y, reach) {
    let [best, least] = [null, reach];
    for (const { id, points } of this.room.drawn) {
      for (const [joint, point] of points.entries()) {
        const distance = point ? Math.hypot(point[0] - x, point[1] - y) : Infinity;
        if (distance < least) [best, least] = [{ id, joint }, distance];
      }
    }
    return best;
  }

  #camera(x, y, reach) {
    if (this.state.camera >= 0 || !this.state.show.cameras) return null;
    for (const [view, { center }] of this.recording.cameras.entries()) {
      const at = this.state.hidden.has(view) ? null : this.room.viewpoint.project(center);
      if (at && Math.hypot(at[0] - x, at[1] - y) < reach) return { view };
    }
    return null;
  }

  #floor(x, y) {
    if (this.state.camera >= 0) return null;
    const point = this.room.viewpoint.onPlane(x, y, this.recording.floorMm);
    return point && { point };
  }
}

function inMillimetres(distance) {
  return Number.isFinite(distance) && distance !== null
    ? `${Math.round(distance).toLocaleString('en')} mm`
    : '';
}
