// The scene in perspective, or as one of the cameras sees it.

class Room {
  constructor(canvas, recording, images, state) {
    Object.assign(this, { canvas, recording, images, state });
    const centers = recording.cameras.map((camera) => camera.center);
    const floor = feet(centers, recording.floorMm);
    this.viewpoint = new Viewpoint([...recording.box.flat(), ...centers, ...floor]);
    this.drawn = []; // people of the last image: id, points
  }

  draw() {
    const ctx = fit(this.canvas);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (this.state.camera >= 0) {
      const { size } = this.recording.cameras[this.state.camera];
      const place = placeOf(size, width, height);
      const { people, frame } = paintView(
        ctx, this.recording, this.images, this.state.camera, this.state.t, place, this.state, true,
      );
      this.drawn = people;
      this.imageOf = frame;
      this.measure.draw(ctx);
      return;
    }
    this.viewpoint.resize(width, height);
    this.#follow();
    this.viewpoint.settle();
    this.#drawFloor(ctx);
    if (this.state.show.cameras) this.#drawCameras(ctx);
    if (this.state.show.trails) this.#drawTrails(ctx);
    this.#drawPeople(ctx);
    this.measure.draw(ctx);
  }

  // Whose limb or joint is nearest to a point of the canvas, or null.
  pick(x, y, reach) {
    let [best, least] = [null, reach];
    for (const { id, points } of this.drawn) {
      for (const [a, b] of [...this.recording.limbs, ...this.recording.face]) {
        const distance = points[a] && points[b] ? toSegment(x, y, points[a], points[b]) : Infinity;
        if (distance < least) [best, least] = [id, distance];
      }
      for (const point of points) {
        const distance = point ? Math.hypot(point[0] - x, point[1] - y) : Infinity;
        if (distance < least) [best, least] = [id, distance];
      }
    }
    return best;
  }

  #follow() {
    const row = this.recording.rowOf(this.state.chosen, this.state.t);
    const place = this.state.show.follow && row >= 0 && this.recording.place(row);
    if (place) this.viewpoint.target = place;
  }

  #lines(ctx, lines) {
    ctx.beginPath();
    for (const line of lines) {
      for (let i = 1; i < line.length; i++) {
        const ends = this.viewpoint.projectLine(line[i - 1], line[i]);
        if (!ends) continue;
        ctx.moveTo(ends[0][0], ends[0][1]);
        ctx.lineTo(ends[1][0], ends[1][1]);
      }
    }
    ctx.stroke();
  }

  #drawFloor(ctx) {
    const { grid, box } = this.recording;
    ctx.lineWidth = 1;
    ctx.strokeStyle = theme.grid;
    if (this.state.show.grid) this.#lines(ctx, grid);
    if (!this.state.show.space) return;
    ctx.strokeStyle = theme.space;
    ctx.lineWidth = 1.5;
    this.#lines(ctx, box.slice(0, 1));
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 4]);
    this.#lines(ctx, box.slice(1));
    ctx.setLineDash([]);
  }

  #drawCameras(ctx) {
    ctx.strokeStyle = theme.camera;
    ctx.lineWidth = 1;
    for (const [view, camera] of this.recording.cameras.entries()) {
      if (this.state.hidden.has(view)) continue;
      this.#lines(ctx, camera.frustum);
      const at = this.viewpoint.project(camera.center);
      if (!at) continue;
      ctx.font = '12px system-ui, sans-serif';
      ctx.textAlign = 'center';
      ctx.textBaseline = 'bottom';
      ctx.lineWidth = 3;
      ctx.strokeStyle = theme.paper;
      const x = this.#inside(at[0], ctx.measureText(camera.name).width / 2 + 3);
      ctx.strokeText(camera.name, x, at[1] - 5);
      ctx.fillStyle = theme.camera;
      ctx.fillText(camera.name, x, at[1] - 5);
      ctx.strokeStyle = theme.camera;
      ctx.lineWidth = 1;
    }
  }

  // A name at the edge of the canvas stays whole.
  #inside(x, half) {
    const width = this.canvas.clientWidth;
    return x < 0 || x > width ? x : Math.max(half, Math.min(width - half, x));
  }

  #drawTrails(ctx) {
    const { recording, state } = this;
    const length = recording.fps ? Math.round(2 * recording.fps) : 40;
    ctx.lineCap = 'round';
    ctx.lineWidth = 2;
    for (const { id, colour } of recording.people) {
      const faded = state.chosen !== null && id !== state.chosen;
      let before = null;
      ctx.strokeStyle = colour;
      for (let t = Math.max(0, state.t - length); t <= state.t; t++) {
        const row = recording.rowOf(id, t);
        const place = row < 0 ? null : recording.place(row);
        const ends = before && place && this.viewpoint.projectLine(before, place);
        if (ends) {
          ctx.globalAlpha = (faded ? FADED : 0.8) * (1 - (state.t - t) / (length + 1));
          paintLine(ctx, ends);
        }
        if (place) before = place;
      }
    }
    ctx.globalAlpha = 1;
  }

  #drawPeople(ctx) {
    const { recording, state, viewpoint } = this;
    const people = recording.rowsAt(state.t).map((row) => {
      const xyz = recording.joints.map((_, j) => recording.joint(row, j));
      const points = xyz.map((p) => p && viewpoint.project(p));
      for (const point of points) {
        if (point) point.push(point[2]), (point[2] = Math.max(2, Math.min(30, LIMB_MM * point[2])));
      }
      const place = recording.place(row);
      const depth = place ? viewpoint.seen(place)[2] : 0;
      return { id: recording.ids[row], points, xyz, place, depth };
    });
    people.sort((a, b) => b.depth - a.depth);
    const paletteOf = (id) => {
      const faded = state.chosen !== null && id !== state.chosen;
      return new Palette(recording.colours.get(id), state.show.sides, faded ? 0.7 : 0);
    };
    for (const { place } of people) if (place) this.#drawShadow(ctx, place);
    for (const { id, points, xyz } of people) {
      paintPerson(ctx, recording, points, this.#headOf(xyz), paletteOf(id), theme.paper);
    }
    for (const { id, points } of people) paintIdentity(ctx, id, points, paletteOf(id).own);
    this.drawn = people;
  }

  // A disc on the floor below a person tells where they stand.
  #drawShadow(ctx, [x, y]) {
    const z = this.recording.floorMm;
    ctx.fillStyle = theme.quiet;
    ctx.globalAlpha = 0.2;
    ctx.beginPath();
    for (let i = 0; i < 24; i++) {
      const angle = (i * Math.PI) / 12;
      const at = this.viewpoint.project([x + 230 * Math.cos(angle), y + 230 * Math.sin(angle), z]);
      if (at) ctx.lineTo(at[0], at[1]);
    }
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  #headOf(xyz) {
    const known = this.recording.head.map((j) => xyz[j]).filter(Boolean);
    if (!known.length) return null;
    const middle = [0, 1, 2].map((i) => known.reduce((sum, p) => sum + p[i], 0) / known.length);
    const at = this.viewpoint.project(middle);
    return at && [at[0], at[1], Math.max(3, HEAD_MM * at[2])];
  }
}

// Below each camera, so that the first view shows the floor too.
function feet(centers, floorMm) {
  return centers.map(([x, y]) => [x, y, floorMm]);
}

function toSegment(x, y, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(a[0] + share * dx - x, a[1] + share * dy - y);
}
