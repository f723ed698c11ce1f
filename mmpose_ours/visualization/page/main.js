// Puts the page together: time, buttons, keys.

const recording = new Recording(JSON.parse(textOf('manifest')));
const images = new Images(recording);
const element = (id) => document.getElementById(id);
const state = {
  t: 0,
  playing: false,
  measuring: false,
  chosen: null, // a track ID
  camera: -1, // the one that is looked from
  hidden: new Set(),
  show: {},
};
// Where nobody said how fast time went, ten frames a second can be followed.
const pace = recording.fps || Math.min(10, Math.max(1, recording.length / 5));

const room = new Room(element('room'), recording, images, state);
const strip = new Strip(recording, images, state, lookFrom, changed);
const people = new People(recording, state, choose);
const measure = new Measure(recording, state, room);

let due = false;
function changed() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    room.draw();
    strip.draw();
    people.draw();
    drawTime();
  });
}

function drawTime() {
  element('time').value = state.t;
  if (state.camera >= 0) {
    const late = room.imageOf !== null && room.imageOf !== state.t;
    const which = late ? `, image of ${recording.frames[room.imageOf]}` : '';
    setText('looking-name', `from ${recording.cameras[state.camera].name}${which}`);
  }
  if (state.measuring) setText('measured', measure.text());
  const seconds = recording.fps ? ` · ${(state.t / recording.fps).toFixed(2)} s` : '';
  setText('when', `frame ${recording.frames[state.t]} · ${state.t + 1}/${recording.length}${seconds}`);
}

function goTo(t) {
  state.t = Math.min(recording.length - 1, Math.max(0, t));
  changed();
}

function choose(id) {
  state.chosen = id === state.chosen ? null : id;
  changed();
}

function lookFrom(view) {
  const there = view >= 0 && view < recording.cameras.length && !state.hidden.has(view);
  state.camera = there && view !== state.camera ? view : -1;
  element('looking').hidden = state.camera < 0;
  changed();
}

function play(on) {
  if (on && state.t === recording.length - 1) state.t = 0;
  state.playing = on && recording.length > 1;
  element('play').textContent = state.playing ? '❚❚' : '▶';
  element('play').setAttribute('aria-label', state.playing ? 'pause' : 'play');
  if (state.playing) {
    let [begun, from] = [performance.now(), state.t];
    let [speed, loop] = [speedOf(), element('loop').checked];
    const step = (now) => {
      if (!state.playing) return;
      if (speed !== speedOf() || loop !== element('loop').checked || state.t !== state.played) {
        [begun, from, speed, loop] = [now, state.t, speedOf(), element('loop').checked];
      }
      const passed = from + Math.floor(((now - begun) / 1000) * pace * speed);
      const t = loop ? passed % recording.length : passed;
      if (t !== state.t) goTo(t);
      state.played = state.t;
      if (!loop && state.t === recording.length - 1) play(false);
      else requestAnimationFrame(step);
    };
    state.played = state.t;
    requestAnimationFrame(step);
  }
  changed();
}

function speedOf() {
  return Number(element('speed').value);
}

function changeSpeed(by) {
  const select = element('speed');
  select.selectedIndex = Math.min(select.length - 1, Math.max(0, select.selectedIndex + by));
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || element('help').open) return;
  const far = event.shiftKey ? 10 : 1;
  const actions = {
    ' ': () => play(!state.playing),
    ArrowLeft: () => goTo(state.t - far),
    ArrowRight: () => goTo(state.t + far),
    ArrowUp: () => changeSpeed(1),
    ArrowDown: () => changeSpeed(-1),
    Home: () => goTo(0),
    End: () => goTo(recording.length - 1),
    Escape: leave,
    l: () => element('loop').click(),
    m: toggleMeasuring,
    s: saveView,
    0: () => lookFrom(-1),
    h: () => (room.viewpoint.reset(), lookFrom(-1)),
    '?': () => element('help').showModal(),
  };
  const action = /^[1-9]$/.test(event.key)
    ? () => lookFrom(event.key - 1)
    : actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  // A button that has the focus keeps its own Space.
  const own = event.key === ' ' && /^(BUTTON|INPUT|SELECT)$/.test(event.target.tagName);
  if (!action || (own && event.target.type !== 'range') || event.target.tagName === 'SELECT') return;
  event.preventDefault();
  action();
}

function leave() {
  if (state.measuring) toggleMeasuring();
  else if (state.camera >= 0) lookFrom(-1);
  else choose(state.chosen);
}

function toggleMeasuring() {
  measure.toggle();
  changed();
}

function clicked(x, y, reach) {
  if (state.measuring) measure.pick(x, y, reach);
  else choose(room.pick(x, y, reach) ?? state.chosen);
  changed();
}

// The canvas as it is, on the page's ground.
function saveView() {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [room.canvas.width, room.canvas.height];
  const ctx = canvas.getContext('2d');
  ctx.fillStyle = theme.paper;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(room.canvas, 0, 0);
  const camera = state.camera >= 0 ? [recording.cameras[state.camera].name] : [];
  const title = document.title.replace(/\.json$/, '');
  const name = [title, ...camera, recording.frames[state.t]].join('_');
  canvas.toBlob((blob) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${name.replace(/[^\p{L}\p{N}_-]/gu, '_')}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

function counted(count, one, many) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

function begin() {
  const { length, cameras } = recording;
  const title = recording.title || 'People in 3D';
  document.title = title;
  setText('title', title);
  setText('summary', [
    counted(length, 'frame', 'frames'),
    counted(recording.people.length, 'track', 'tracks'),
    counted(cameras.length, 'camera', 'cameras'),
  ].join(', '));
  setText('grid-size', `squares of ${recording.gridMm / 1000} m`);
  element('time').max = length - 1;
  element('images-toggle').hidden = !images.any;
  element('found-toggle').hidden = !recording.found.length;
  element('sides-toggle').hidden = !recording.sides.some(Boolean);
  element('left-colour').style.background = SIDE_COLOURS[0];
  element('right-colour').style.background = SIDE_COLOURS[2];
  for (const box of document.querySelectorAll('[data-show]')) {
    state.show[box.dataset.show] = box.checked;
    box.addEventListener('change', () => {
      state.show[box.dataset.show] = box.checked;
      changed();
    });
  }
  element('play').addEventListener('click', () => play(!state.playing));
  element('time').addEventListener('input', (event) => goTo(Number(event.target.value)));
  element('measure').addEventListener('click', toggleMeasuring);
  element('save').addEventListener('click', saveView);
  element('looking-end').addEventListener('click', () => lookFrom(-1));
  element('help-open').addEventListener('click', () => element('help').showModal());
  document.addEventListener('keydown', pressed);
  listen(element('room'), room, {
    changed,
    clicked,
    leaveCamera: () => state.camera >= 0 && lookFrom(-1),
  });
  images.whenReady = changed;
  new ResizeObserver(changed).observe(element('room'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    readTheme();
    changed();
  });
  readTheme();
  changed();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.readyMs = Math.round(performance.now());
  }));
}

begin();
// For scripts that drive the page: where somebody is on the canvas.
window.scenePage = {
  state,
  whereIs: (id, joint) => {
    const points = room.drawn.find((person) => person.id === id)?.points || [];
    return (joint ? points[recording.joints.indexOf(joint)] : points.find(Boolean)) || null;
  },
  whereIsCamera: (view) => room.viewpoint.project(recording.cameras[view].center),
  floorCorners: () => recording.box[0].slice(0, 2).map((corner) => room.viewpoint.project(corner)),
};
