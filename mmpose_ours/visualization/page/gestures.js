// Pointers on the canvas: turn, move, zoom, pick.

const CLICK_PX = 5;
// How near to a joint is meant to be on it.
const PICK_PX = 14;
const TOUCH_PX = 24;

function listen(canvas, room, { changed, clicked, leaveCamera }) {
  const pointers = new Map();
  let travelled = 0;

  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  };

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!pointers.size) travelled = 0;
    pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    canvas.classList.add('dragging');
  });

  canvas.addEventListener('pointermove', (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    const [dx, dy] = [event.offsetX - pointer.x, event.offsetY - pointer.y];
    const before = pointers.size === 2 && spread();
    Object.assign(pointer, { x: event.offsetX, y: event.offsetY });
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled <= CLICK_PX) return;
    leaveCamera();
    if (before) {
      const after = spread();
      room.viewpoint.zoom(before.apart / after.apart);
      room.viewpoint.move(after.x - before.x, after.y - before.y);
    } else if (event.shiftKey || event.buttons & 6) {
      room.viewpoint.move(dx, dy);
    } else {
      room.viewpoint.turn(dx, dy);
    }
    changed();
  });

  const end = (event) => {
    const pointer = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (pointers.size) return;
    canvas.classList.remove('dragging');
    if (pointer && travelled <= CLICK_PX && event.type === 'pointerup') {
      clicked(pointer.x, pointer.y, event.pointerType === 'touch' ? TOUCH_PX : PICK_PX);
    }
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    leaveCamera();
    room.viewpoint.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.003));
    changed();
  }, { passive: false });
}
