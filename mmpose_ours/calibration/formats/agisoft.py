"""Agisoft XML: the cameras that Metashape exports (File > Export > Export Cameras).

==============  ==================================================================
unit            none: a chunk has no scale until it is referenced; with a chunk
                ``transform`` the metre of its coordinate system (a note says so)
world           the chunk's, turned by its ``transform`` (or its component's) where
                there is one; up is what the user made it
extrinsics      ``transform`` 4x4, **camera to world**; x right, y down, z forward
intrinsics      ``f``, ``cx cy`` from the **middle** of the image, ``b1 b2``:
                fx = f + b1, fy = f, skew = b2; pixel corners at whole numbers, so
                0.5 is taken off for pixel centres
distortion      ``k1 k2 k3`` and ``p1 p2``, which are OpenCV's **p2 p1**; a fisheye
                is equidistant with the same terms of the angle, and k4
image size      ``resolution`` of the calibration, else of the sensor
cannot be read  p3 p4, k4 of a frame camera (OpenCV has no such terms); equisolid,
                spherical, cylindrical and RPC sensors; several chunks
==============  ==================================================================

A camera's name is its label, without the ending of an image. It names its sensor by
``sensor_id``, which is not its own number; cameras may stand in groups. Only an ``adjusted``
calibration counts: an ``initial`` one is a guess from the image's metadata. A camera that
Metashape keeps as the slave of a multi-camera system may have no ``transform`` of its own.
Cameras with ``enabled="false"`` are left out, as Metashape does.

Source: the Metashape Professional manual, appendix "Camera models" (https://www.agisoft.com),
and files of versions 1.2 to 2.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.camera_axes import HALF_PIXEL
from mmpose_ours.calibration.parsing.image_names import without_endings
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.source import Reading, Source, note_left_out
from mmpose_ours.calibration.parsing.xml_elements import Element
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'the transform is camera to world'
UNIT = UP = None

_FRAME = ('frame',)
_EQUIDISTANT = ('fisheye', 'equidistant_fisheye', 'equidistantfisheye')


def recognise(source: Source) -> str:
    """Say why a file is Agisoft XML, or return an empty string."""
    if source.one.kind != 'xml':
        return ''
    root = source.one.xml
    if root.tag != 'document' or root.find('chunk/cameras') is None:
        return ''
    return 'a <document> with a <chunk> of <cameras>'


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, in the units and axes of the chunk's coordinate system;
        cameras without a pose, or whose sensor is not calibrated, as uncalibrated.

    Raises:
        CalibrationError: A value is missing or impossible, a lens is one that we have not, or
            no camera is calibrated.
    """
    root = Element.root_of(source)
    chunks = root.all('chunk')
    if len(chunks) != 1:
        root.node.fail(
            f'has {len(chunks)} chunks',
            'one; export the active chunk by itself',
            code='ambiguous' if chunks else 'no-data',
            found=len(chunks),
            expected=1,
        )
    chunk = chunks[0]
    sensors = {s.node['id'].text(): s for s in chunk['sensors'].within('sensor', 'group')}
    cameras = list(chunk['cameras'].within('camera', 'group'))
    posed = {c.xml.get('id'): c for c in cameras if c.find('transform') is not None}
    places: list[tuple[Element, Element]] = []
    uncalibrated: list[str] = []
    disabled: list[str] = []
    # Key frames of animations stand here too, without a label.
    labelled = [(c, label) for c in cameras if (label := c.node.get('label')) is not None]
    names = without_endings([label.text() for _, label in labelled])
    for (element, _), name in zip(labelled, names):
        if not _is_enabled(element):
            disabled.append(name)
            continue
        element = element.of_camera(name)
        sensor = _sensor_of(element, sensors)
        if sensor is None or not _has_pose(element, posed):
            uncalibrated.append(name)
        else:
            places.append((element, sensor))
    if not places:
        raise CalibrationError(
            f'{source.path}: none of {len(uncalibrated + disabled)} cameras is enabled and has a '
            'transform and an adjusted calibration; align the cameras in Metashape and export '
            'them again',
            code='no-data',
            file=source.path,
            found=uncalibrated + disabled,
        )
    worlds = _worlds(chunk, [element for element, _ in places])
    with about(source.path):
        rig = CameraRig(tuple(_camera(e, s, world) for (e, s), world in zip(places, worlds)))
    notes = _notes(chunk, [element for element, _ in places], any(w.given for w in worlds))
    left_out = note_left_out(disabled, 'as disabled')
    return Reading(rig, tuple(uncalibrated), (*left_out, *notes))


def _is_enabled(camera: Element) -> bool:
    enabled = camera.node.get('enabled')
    return enabled is None or enabled.text().strip().lower() not in ('0', 'false')


def _sensor_of(camera: Element, sensors: dict[str, Element]) -> Element | None:
    """The camera's sensor if it is calibrated."""
    number = camera.node.get('sensor_id')
    if number is None:
        return None
    sensor = sensors.get(number.text())
    if sensor is None:
        camera.node.fail(
            f'has the sensor_id {number.text()[:40]!r}',
            f'one of {", ".join(sensors)[:80]}',
            code='no-match',
            found=number.text(),
            expected=list(sensors),
        )
    return sensor if _calibration(sensor) is not None else None


def _calibration(sensor: Element) -> Element | None:
    for calibration in sensor.all('calibration'):
        # Metashape before 1.3 wrote no class.
        if calibration.xml.get('class', 'adjusted') == 'adjusted':
            return calibration
    return None


def _has_pose(camera: Element, posed: dict[str | None, Element]) -> bool:
    if camera.find('transform') is not None:
        return True
    number = camera.node.get('master_id')
    master = None if number is None else posed.get(number.text())
    if master is not None:
        camera.node.fail(
            'has no transform of its own: it is a slave of '
            f'{master.xml.get("label", "")[:30]!r} in a multi-camera system',
            'its own <transform>; align the cameras as single ones, not as a multi-camera system, '
            'or export COLMAP',
            code='cannot-express',
            found=master.xml.get('label', ''),
            expected='transform',
        )
    return False


@dataclasses.dataclass(frozen=True)
class _World:
    """From chunk coordinates to the world: ``x_w = scale * R @ x + shift``."""

    R: np.ndarray
    shift: np.ndarray
    scale: float
    given: bool


_CHUNK_ITSELF = _World(np.eye(3), np.zeros(3), 1.0, given=False)


def _worlds(chunk: Element, cameras: list[Element]) -> list[_World]:
    """Each camera's world: its component's transform, else the chunk's."""
    of_chunk = _world(chunk)
    holder = chunk.find('components')
    components = {} if holder is None else {
        c.xml.get('id', ''): _world(c) for c in holder.all('component')
    }  # fmt: skip
    numbers = [camera.xml.get('component_id', '') for camera in cameras]
    worlds = [components.get(n, of_chunk) if len(components) else of_chunk for n in numbers]
    worlds = [of_chunk if of_chunk.given and not w.given else w for w in worlds]
    for camera, number, world in zip(cameras, numbers, worlds):
        if number != numbers[0] and not (world.given and worlds[0].given):
            camera.node.fail(
                f'is in component {number[:20]!r}, not in that of the first camera',
                'all cameras aligned into one component; merge the components in Metashape',
                code='conflict',
                found=number,
                expected=numbers[0],
            )
    return worlds


def _world(element: Element) -> _World:
    transform = element.find('transform')
    if transform is None:
        return _CHUNK_ITSELF
    parts = {tag: transform.find(tag) for tag in ('rotation', 'translation', 'scale')}
    if not any(parts.values()):
        return _CHUNK_ITSELF
    rotation, translation, scale = (
        transform[tag].text().words().array(*shape) if part is not None else default
        for (tag, part), shape, default in zip(
            parts.items(), ((3, 3), (3,), (1,)), (np.eye(3), np.zeros(3), np.ones(1))
        )
    )
    if not scale[0] > 0:
        transform['scale'].node.fail(
            f'is {scale[0]:g}', 'a scale above 0', code='out-of-range', found=float(scale[0])
        )
    return _World(rotation, translation, float(scale[0]), given=True)


def _camera(element: Element, sensor: Element, world: _World) -> Camera:
    calibration = _calibration(sensor)
    assert calibration is not None
    name = element.node.camera or ''
    calibration = calibration.of_camera(name)
    R_c2w, center = rigid(element['transform'].text().words(), 'camera to world')
    resolution = calibration.find('resolution') or sensor.of_camera(name)['resolution']
    width, height = (resolution.node[side].whole() for side in ('width', 'height'))
    K, lens, dist = _intrinsics(calibration, sensor.of_camera(name), width, height)
    R_w2c = (world.R @ R_c2w).T
    center_w = world.scale * world.R @ center + world.shift
    return Camera(name, K, R_w2c, -R_w2c @ center_w, (width, height), dist, lens)


def _intrinsics(
    calibration: Element, sensor: Element, width: int, height: int
) -> tuple[np.ndarray, str, np.ndarray]:
    """K for pixel centres, the lens and its coefficients."""
    kind = calibration.xml.get('type') or sensor.xml.get('type') or 'frame'
    if kind not in _FRAME + _EQUIDISTANT:
        calibration.node.fail(
            f'has the type {kind[:30]!r}',
            'frame or (equidistant) fisheye; calibrate with Camera Type frame or '
            'fisheye, or undistort the images in Metashape and export the cameras of those',
            code='cannot-express',
            found=kind,
            expected=_FRAME + _EQUIDISTANT,
        )
    if calibration.find('f') is None and calibration.find('fx') is not None:
        calibration.node.fail(
            'has fx and fy as PhotoScan 1.1 wrote them',
            'f; export it with Metashape',
            found='fx',
            expected='f',
        )

    def term(tag: str) -> float:
        found = calibration.find(tag)
        return 0.0 if found is None else found.text().number()

    f = calibration['f'].text().number('focal length in pixels')
    k1, k2, k3, k4, p1, p2, p3, p4, cx, cy, b1, b2 = map(
        term, 'k1 k2 k3 k4 p1 p2 p3 p4 cx cy b1 b2'.split()
    )
    beyond = {'p3': p3, 'p4': p4}
    if kind in _FRAME:
        beyond['k4'] = k4
    for tag, value in beyond.items():
        if value:
            calibration.node.fail(
                f'has {tag} = {value:g}, for which OpenCV has no term',
                f'no {tag}; run Tools > Optimize Cameras without it and export again',
                code='cannot-express',
                found={tag: value},
                expected={tag: 0},
            )
    u, v = width / 2 + cx - HALF_PIXEL, height / 2 + cy - HALF_PIXEL
    K = np.array([[f + b1, b2, u], [0, f, v], [0, 0, 1]])
    if kind in _FRAME:
        return K, 'opencv', np.array([k1, k2, p2, p1, k3])
    if p1 or p2:
        return K, 'thin_prism_fisheye', np.array([k1, k2, p2, p1, k3, k4, 0.0, 0.0])
    return K, 'fisheye', np.array([k1, k2, k3, k4])


def _notes(chunk: Element, cameras: list[Element], has_world: bool) -> list[str]:
    notes = []
    reference = chunk.find('reference')
    system = '' if reference is None else ' '.join((reference.xml.text or '').split())
    local = system.startswith('LOCAL_CS')
    if not has_world:
        notes.append(
            'the chunk has no transform: unless it was scaled by hand, its unit means nothing '
            'and no axis of it points up'
        )
    elif local or not system:
        notes.append(
            "the chunk's transform was applied: the unit is that of its local coordinate system, "
            'metres unless changed, and z is up if its markers were given so'
        )
    else:
        notes.append(
            "the chunk's transform was applied: coordinates are geocentric metres of "
            f'{system[:60]}, where no axis points up; export in a local coordinate system'
        )
    turned = [c.node.camera or '' for c in cameras if _orientation(c) not in ('', '1')]
    if turned:
        more = f' and {len(turned) - 8} more' if len(turned) > 8 else ''
        notes.append(
            f'camera {", ".join(map(repr, turned[:8]))}{more}: the image has an orientation tag; '
            'the calibration is that of its pixels as stored, so read images without turning them'
        )
    return notes


def _orientation(camera: Element) -> str:
    found = camera.find('orientation')
    return '' if found is None else (found.xml.text or '').strip()
