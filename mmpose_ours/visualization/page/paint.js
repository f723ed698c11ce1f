// Strokes that the scene and the cameras' images have in common.

const LIMB_MM = 52;
const HEAD_MM = 100;
const FADED = 0.28;
// Left, middle, right.
const SIDE_COLOURS = ['#0072b2', '#8a9299', '#d55e00'];

let theme = {};

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ['paper', 'ink', 'quiet', 'grid', 'space', 'camera', 'sheet', 'accent']) {
    theme[name] = style.getPropertyValue(`--${name}`).trim();
  }
}

function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const ctx = canvas.getContext('2d');
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}

function paintLine(ctx, points) {
  ctx.beginPath();
  let begun = false;
  for (const point of points) {
    if (!point) begun = false;
    else if (begun) ctx.lineTo(point[0], point[1]);
    else {
      ctx.moveTo(point[0], point[1]);
      begun = true;
    }
  }
  ctx.stroke();
}

// The colours of a person: their own everywhere, or on limbs that of the side.
class Palette {
  constructor(colour, bySide, fadedBy = 0) {
    const faded = (c) => (fadedBy ? mixed(c, theme.paper, fadedBy) : c);
    this.own = faded(colour);
    this.sides = bySide ? SIDE_COLOURS.map(faded) : [this.own, this.own, this.own];
  }

  // Of joints with these sides: -1 left, 0 middle, 1 right. Left and right make the middle.
  of(...sides) {
    return this.sides[1 + Math.sign(sides.reduce((sum, side) => sum + side, 0))];
  }
}

// points: per joint [x, y, width of a limb there] or null; head: [x, y, radius] or null.
function paintPerson(ctx, recording, points, head, palette, rim) {
  const { sides } = recording;
  const limbs = head ? recording.limbs : [...recording.limbs, ...recording.face];
  const strokes = limbs.filter(([a, b]) => points[a] && points[b]);
  ctx.lineCap = 'round';
  for (const wider of [2.5, 0]) {
    const paint = (...joints) => (wider ? rim : palette.of(...joints.map((j) => sides[j])));
    for (const [a, b] of strokes) {
      ctx.strokeStyle = paint(a, b);
      ctx.lineWidth = (points[a][2] + points[b][2]) / 2 + wider;
      paintLine(ctx, [points[a], points[b]]);
    }
    for (const [joint, point] of points.entries()) {
      ctx.fillStyle = paint(joint);
      if (point) paintDisc(ctx, point[0], point[1], 0.5 * point[2] + wider / 2);
    }
    ctx.fillStyle = wider ? rim : palette.own;
    if (head) paintDisc(ctx, head[0], head[1], head[2] + wider / 2);
  }
}

function paintDisc(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

function channels(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}

// A share of the way from one colour to another.
function mixed(from, to, share) {
  const target = channels(to);
  const levels = channels(from).map((v, i) => Math.round(v + share * (target[i] - v)));
  return `#${levels.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}

function isLight(colour) {
  const [r, g, b] = channels(colour);
  return 0.299 * r + 0.587 * g + 0.114 * b > 140;
}

function paintLabel(ctx, text, x, y, colour, size = 13) {
  ctx.font = `600 ${size}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  const half = ctx.measureText(text).width / 2 + 0.4 * size;
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.roundRect(x - half, y - 0.75 * size, 2 * half, 1.5 * size, 0.4 * size);
  ctx.fill();
  ctx.fillStyle = isLight(colour) ? '#111111' : '#ffffff';
  ctx.fillText(text, x, y + 0.05 * size);
}

// The largest place of a camera's image in a box: [x, y, width, height].
function placeOf(size, width, height) {
  const scale = Math.min(width / size[0], height / size[1]);
  const [w, h] = [size[0] * scale, size[1] * scale];
  return [(width - w) / 2, (height - h) / 2, w, h];
}

// A camera's image with the people in it; returns whose image it is, and all joints.
function paintView(ctx, recording, images, view, t, place, state, large) {
  const [x, y, width, height] = place;
  const on = (share) => share && [x + share[0] * width, y + share[1] * height];
  const image = state.show.images ? images.at(view, t) : null;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.fillStyle = theme.sheet;
  ctx.fillRect(x, y, width, height);
  if (image) ctx.drawImage(image.image, x, y, width, height);
  if (large || !image) paintRoomLines(ctx, recording, view, on, state, Boolean(image));
  if (state.show.found) {
    ctx.fillStyle = '#ffffff';
    ctx.strokeStyle = '#333333';
    ctx.lineWidth = 1;
    ctx.globalAlpha = state.chosen === null ? 0.8 : 0.35;
    for (const share of recording.foundAt(view, t)) {
      ctx.beginPath();
      ctx.arc(...on(share), large ? 3 : 1.6, 0, 2 * Math.PI);
      ctx.fill();
      if (large) ctx.stroke();
    }
    ctx.globalAlpha = 1;
  }
  const people = [];
  for (const row of recording.rowsAt(t)) {
    const points = recording.joints.map((_, j) => on(recording.pixel(view, row, j)));
    people.push({ id: recording.ids[row], points });
    for (const point of points) if (point) point.push(large ? 4.5 : 2);
  }
  people.sort((a, b) => (a.id === state.chosen) - (b.id === state.chosen));
  for (const { id, points } of people) {
    const colour = recording.colours.get(id);
    ctx.globalAlpha = state.chosen === null || id === state.chosen ? 1 : FADED;
    const palette = new Palette(colour, state.show.sides);
    paintPerson(ctx, recording, points, null, palette, large ? '#ffffffb0' : '#ffffff70');
    if (large) paintIdentity(ctx, id, points, colour);
  }
  ctx.restore();
  return { frame: image ? image.frame : null, people };
}

function paintIdentity(ctx, id, points, colour) {
  const known = points.filter(Boolean);
  if (!known.length) return;
  const top = known.reduce((a, b) => (b[1] < a[1] ? b : a));
  paintLabel(ctx, String(id), top[0], top[1] - 20, colour);
}

function paintRoomLines(ctx, recording, view, on, state, faint) {
  ctx.save();
  ctx.globalAlpha = faint ? 0.55 : 1;
  for (const [ofSpace, shares] of recording.linesIn(view)) {
    if (!state.show[ofSpace ? 'space' : 'grid']) continue;
    ctx.strokeStyle = ofSpace ? theme.space : theme.grid;
    ctx.lineWidth = ofSpace ? 1.5 : 1;
    paintLine(ctx, shares.map(on));
  }
  ctx.restore();
}
