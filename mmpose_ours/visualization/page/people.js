// The list of people, what is known of the chosen one, and who is there when.

const LANE_INSET = 6;

class People {
  constructor(recording, state, choose) {
    Object.assign(this, { recording, state });
    this.stretches = recording.people.map(({ id }) => recording.stretches(id));
    [this.laneOf, this.laneCount] = lanesFor(this.stretches);
    this.lasting = new Map();
    const list = document.getElementById('people');
    this.buttons = recording.people.map(({ id, colour }) => {
      const button = document.createElement('button');
      button.type = 'button';
      const swatch = document.createElement('span');
      swatch.className = 'swatch';
      swatch.style.background = colour;
      button.append(swatch, String(id));
      button.dataset.id = id;
      button.addEventListener('click', () => choose(id));
      const item = document.createElement('li');
      item.append(button);
      list.append(item);
      return button;
    });
  }

  draw() {
    const there = this.recording.rowsAt(this.state.t).length;
    setText('there', there ? `${there} here now` : 'nobody here now');
    for (const [index, { id }] of this.recording.people.entries()) {
      const button = this.buttons[index];
      button.classList.toggle('away', this.recording.rowOf(id, this.state.t) < 0);
      button.setAttribute('aria-pressed', String(id === this.state.chosen));
    }
    this.#drawPerson();
    this.#drawLanes();
  }

  #drawPerson() {
    const section = document.getElementById('person');
    const { recording, state } = this;
    section.hidden = state.chosen === null;
    document.querySelector('main').classList.toggle('chosen', !section.hidden);
    if (section.hidden) {
      this.reported = null;
      return;
    }
    const id = state.chosen;
    const row = recording.rowOf(id, state.t);
    const rows = recording.rowsById.get(id);
    const number = (value, digits, unit) =>
      Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : '–';
    const facts = [
      ['person', String(id)],
      ['there in', `${rows.length} of ${recording.length}`],
      ['score', row < 0 ? '–' : number(recording.scores[row], 2, '')],
      ['joints', row < 0 ? '–' : `${this.#jointsOf(row)} of ${recording.joints.length}`],
    ];
    const views = row < 0 ? NaN : recording.seenBy[row];
    if (Number.isFinite(views)) facts.push(['cameras', `${views} of ${recording.cameras.length}`]);
    if (recording.fps) facts.push(['speed', number(recording.speed(id, state.t), 2, ' m/s')]);
    facts.push(['top above floor', number(row < 0 ? NaN : this.#topOf(row) / 1000, 2, ' m')]);
    const usual = this.#usualLengths(id);
    const bones = [];
    for (const [index, bone] of recording.bones.entries()) {
      if (!Number.isFinite(usual[index])) continue;
      const now = row < 0 ? NaN : recording.boneLength(row, bone);
      bones.push([bone[0], number(now / 10, 1, ''), number(usual[index] / 10, 1, '')]);
    }
    const tables = [document.createElement('table'), document.createElement('table')];
    const line = (table, cells, kind, tag = 'td') => {
      const tr = table.insertRow();
      tr.className = kind;
      for (const [index, text] of cells.entries()) {
        const cell = document.createElement(index ? tag : 'th');
        if (cells.length === 2) cell.colSpan = index ? 2 : 1;
        cell.textContent = text;
        tr.append(cell);
      }
    };
    for (const fact of facts) line(tables[0], fact, '');
    if (bones.length) line(tables[1], ['length in cm', 'now', 'median'], 'head', 'th');
    for (const bone of bones) line(tables[1], bone, '');
    section.replaceChildren(...tables);
    // Whoever is chosen in a long list, or on a phone, finds the figures without scrolling.
    if (this.reported !== id) section.scrollIntoView({ block: 'nearest' });
    this.reported = id;
  }

  #jointsOf(row) {
    return this.recording.joints.filter((_, j) => this.recording.joint(row, j)).length;
  }

  #topOf(row) {
    const joints = this.recording.joints.map((_, j) => this.recording.joint(row, j));
    return Math.max(...joints.filter(Boolean).map((p) => p[2])) - this.recording.floorMm;
  }

  // Median lengths over the whole recording, measured when somebody is chosen first.
  #usualLengths(id) {
    if (!this.lasting.has(id)) {
      const rows = this.recording.rowsById.get(id);
      const lengths = this.recording.bones.map((bone) =>
        median(rows.map((row) => this.recording.boneLength(row, bone))));
      this.lasting.set(id, lengths);
    }
    return this.lasting.get(id);
  }

  #drawLanes() {
    const canvas = document.getElementById('lanes');
    const ctx = fit(canvas);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const { people, length } = this.recording;
    const lane = height / Math.max(this.laneCount, 4);
    const span = width - 2 * LANE_INSET;
    const x = (t) => LANE_INSET + (length > 1 ? (t / (length - 1)) * span : span / 2);
    const half = length > 1 ? span / (length - 1) / 2 : span / 2;
    const top = (height - lane * this.laneCount) / 2;
    ctx.fillStyle = theme.paper;
    ctx.fillRect(0, 0, width, height);
    for (const [index, { id, colour }] of people.entries()) {
      ctx.globalAlpha = this.state.chosen === null || this.state.chosen === id ? 1 : 0.25;
      ctx.fillStyle = colour;
      for (const [first, last] of this.stretches[index]) {
        const [from, to] = [x(first) - half, x(last) + half];
        const y = top + this.laneOf[index] * lane;
        ctx.fillRect(from, y, Math.max(to - from, 1.5), Math.max(lane - 1, 1));
      }
    }
    ctx.globalAlpha = 1;
  }
}

// A lane for everybody; those who are never there at the same time may share one.
function lanesFor(stretches) {
  const ends = []; // of each lane, the last frame taken
  const laneOf = new Array(stretches.length);
  const order = [...stretches.keys()].sort((a, b) => stretches[a][0][0] - stretches[b][0][0]);
  for (const index of order) {
    const first = stretches[index][0][0];
    const free = ends.findIndex((end) => end < first);
    laneOf[index] = free < 0 ? ends.length : free;
    ends[laneOf[index]] = stretches[index][stretches[index].length - 1][1];
  }
  return [laneOf, ends.length];
}

function setText(id, text) {
  const element = document.getElementById(id);
  if (element.textContent !== text) element.textContent = text;
}
