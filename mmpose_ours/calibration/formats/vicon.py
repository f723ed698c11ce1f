"""Vicon XCP: the calibration that Nexus, Shogun and Cara keep beside a trial (XML).

==============  ==================================================================
unit            millimetre
world           right-handed, **z up**
extrinsics      ``ORIENTATION`` quaternion **x y z w**, **world to camera**; axes x right,
                y down, z forward. ``POSITION`` camera **centre**
intrinsics      ``FOCAL_LENGTH`` and ``PRINCIPAL_POINT`` in pixels;
                fy = fx / ``PIXEL_ASPECT_RATIO``; ``SKEW`` in pixels
distortion      ``VICON_RADIAL2`` = a word, centre x y, k1 k2 k3; ``VICON_RADIAL`` =
                k1 k2 about the principal point: with r in pixels from that centre,
                **undistorted** = centre + (distorted - centre) (1 + k1 r^2 + ...)
image size      ``SENSOR_SIZE``
==============  ==================================================================

That polynomial runs against OpenCV's, from the image to the ray, and about a centre of its
own. OpenCV's k1 k2 p1 p2 k3 are fitted to its inverse over the image (p1 p2 only where the
centre is not the principal point), and a note says the largest error left.

Names are ``DEVICEID``, which the video files carry too. Marker cameras stand in the same
file; a note names them. A camera without key frames is uncalibrated; one with several moves.

Sources: Vicon's "About calibration data (XCP) files" (CaraPost reference) for the quaternion's
order, skew and aspect ratio. Public readers agree on the direction of the rotation (GRIP's
``ViconReader``, MAMMA's ``xcp_loader``, OpenCap's ``xcpToCamera``, avialsync); avialsync has
checked the direction of the distortion on the ring lights of cameras that see each other,
where readers that copy the coefficients into OpenCV's (Pose2Sim, OpenCap) are wrong. OpenCap
also mirrors the principal point: that is for images turned by 180 degrees.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.image_size import size_of_camera
from mmpose_ours.calibration.lens_refit import image_grid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.calibration.parsing.xml_elements import Element
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import distort
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_quaternion
from mmpose_ours.text import argument

CONVENTION = 'POSITION is the camera centre'
UNIT, UP = 'mm', 'z'


def recognise(source: Source) -> str:
    """Say why a file is a Vicon calibration, or return an empty string."""
    if source.one.kind != 'xml':
        return ''
    root = source.one.xml
    cameras = root.findall('Camera') if root.tag == 'Cameras' else ()
    if not any(camera.get('DEVICEID') is not None for camera in cameras):
        return ''
    return '<Cameras> with DEVICEID'


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, millimetres, z up, Vicon's distortion refitted.

    Raises:
        CalibrationError: A value is missing or impossible, a camera moves, or no camera is
            calibrated.
    """
    cameras, marker_cameras, uncalibrated, notes = [], [], [], []
    for element in Element.root_of(source).all('Camera'):
        name = element.node['DEVICEID'].text()
        element = element.of_camera(name)
        frame = _key_frame(element)
        if frame is None:
            uncalibrated.append(name)
            continue
        with about(source.path):
            camera, said = _camera(element, frame.of_camera(name), source)
        cameras.append(camera)
        notes += said
        if not _is_video(element):
            marker_cameras.append(name)
    if not cameras:
        raise CalibrationError(
            f'{source.path}: none of {len(uncalibrated)} cameras has a calibrated key frame; '
            'calibrate in Nexus and take the .xcp file of that trial',
            code='no-data',
            file=source.path,
            found=uncalibrated,
        )
    if marker_cameras and len(marker_cameras) < len(cameras):
        notes.append(
            f'camera {", ".join(map(repr, marker_cameras[:20]))}: marker cameras, which record no '
            f'video; take the others with {argument("cameras")}'
        )
    with about(source.path):
        return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated), tuple(notes))


def _key_frame(camera: Element) -> Element | None:
    """The camera's pose and lens, or None."""
    holder = camera.find('KeyFrames')
    frames = [] if holder is None else holder.all('KeyFrame')
    states = {tuple(f.xml.get(k) for k in ('POSITION', 'ORIENTATION', 'FOCAL_LENGTH'))
              for f in frames}  # fmt: skip
    if len(states) > 1:
        camera.node.fail(
            f'moves: it has {len(states)} different key frames',
            'one; take the .xcp file of a trial with fixed cameras',
            code='cannot-express',
            found=len(states),
            expected=1,
        )
    if not frames or None in next(iter(states)):
        return None
    focal = frames[0].node['FOCAL_LENGTH'].number()
    return frames[0] if focal else None


def _is_video(camera: Element) -> bool:
    kind = (camera.xml.get('TYPE', '') + camera.xml.get('DISPLAY_TYPE', '')).lower()
    return camera.xml.get('ISDV', '0').strip() != '0' or 'video' in kind or 'vue' in kind


def _camera(element: Element, frame: Element, source: Source) -> tuple[Camera, list[str]]:
    camera, key, notes = element.node, frame.node, []
    name = camera.camera or ''
    focal = key['FOCAL_LENGTH'].number('pixels')
    cx, cy = key['PRINCIPAL_POINT'].words().array(2, what='pixels')
    aspect = _factor(camera, 'PIXEL_ASPECT_RATIO')
    correction = _factor(key, 'PIXEL_ASPECT_RATIO_CORRECTION')
    found = camera.get('SKEW')
    skew = 0.0 if found is None else found.number()
    if correction != 1:
        notes.append(
            f'camera {name!r}: PIXEL_ASPECT_RATIO_CORRECTION is {correction:g}, which Vicon does '
            'not document; fy was multiplied by it'
        )
    K = np.array([[focal, skew, cx], [0, focal / aspect * correction, cy], [0, 0, 1]])
    quaternion = key['ORIENTATION'].words().array(4, what='quaternion x y z w')
    if not 1e-6 < np.linalg.norm(quaternion) < 1e6:
        key['ORIENTATION'].fail(
            'is no quaternion',
            'four numbers x y z w of length 1',
            code='out-of-range',
            found=quaternion.tolist(),
        )
    R_w2c = from_quaternion(np.roll(quaternion, 1))
    center_w = key['POSITION'].words().array(3, what='millimetres')
    size = size_of_camera(source.image_size, name)
    if 'SENSOR_SIZE' in camera:
        size = camera['SENSOR_SIZE'].words().image_size()
    pinhole = Camera(name, K, R_w2c, -R_w2c @ center_w, size, np.zeros(0))
    centre, radial = _radial(frame, (cx, cy))
    if not radial.any():
        return pinhole, notes
    if size is None:
        camera.fail(
            'has distortion but no SENSOR_SIZE',
            'one, over which the distortion is refitted; say '
            f'{argument("image_size", (1920, 1080))}',
            code='missing-value',
            found='distortion',
            expected='image_size',
        )
    dist, error_px = _refit(pinhole, centre, radial, key)
    notes.append(
        f"camera {name!r}: Vicon's distortion was refitted as OpenCV's, off by {error_px:.2g} px "
        'at most'
    )
    return dataclasses.replace(pinhole, dist=dist), notes


def _factor(node: Node, key: str) -> float:
    """A ratio above 0; 1 where there is none."""
    found = node.get(key)
    if found is None:
        return 1.0
    value = found.number()
    if not 0.01 < value < 100:
        found.fail(f'is {value:g}', 'a ratio near 1', code='out-of-range', found=value)
    return value


def _radial(frame: Element, principal_point: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Centre (2,) and coefficients k1 k2 k3 of Vicon's polynomial, pixels."""
    second = frame.node.get('VICON_RADIAL2')
    if second is not None:
        model, *numbers = second.text().split() or ['']
        if model != 'Vicon3Parameter':
            second.fail(
                f'begins with {model[:30]!r}',
                "'Vicon3Parameter' and five numbers",
                code='cannot-express',
                found=model,
                expected='Vicon3Parameter',
            )
        node = Node(numbers, second.path, second.place, second.camera)
        values = node.array(5, what='centre x y, k1 k2 k3')
        return values[:2], values[2:]
    first = frame.node.get('VICON_RADIAL')
    if first is None:
        return np.array(principal_point), np.zeros(3)
    values = first.words().one_of((2, 3), 'k1 k2')
    return np.array(principal_point), np.pad(values, (0, 3 - len(values)))


def _refit(
    camera: Camera, centre: np.ndarray, radial: np.ndarray, key: Node
) -> tuple[np.ndarray, float]:
    """OpenCV's coefficients nearest to the inverse of Vicon's, and the largest error.

    The rays of a grid of pixels are known; where OpenCV's model puts them is linear in its
    coefficients, so this is one least-squares solve.
    """
    uv = image_grid(camera)
    offset = uv - centre
    r2 = (offset * offset).sum(-1)
    polynomial = np.polynomial.Polynomial([1.0, *radial])
    # d/dr of r * P(r^2) is P + 2 r^2 P'
    slope = polynomial + 2 * np.polynomial.Polynomial([0, 1]) * polynomial.deriv()
    far = np.linspace(0, r2.max(), 1000)
    if not (slope(far) > 0.05).all() or not (polynomial(far) < 20).all():
        key.fail(
            'has distortion coefficients that fold the image',
            'ones that straighten it; calibrate again',
            code='out-of-range',
            found=radial.tolist(),
        )
    ideal = centre + offset * polynomial(r2)[:, None]
    with np.errstate(over='ignore', invalid='ignore'):
        rays = camera.normalise_points(ideal)
        target = camera.normalise_points(uv) - rays
        (x, y), s = rays.T, (rays * rays).sum(-1)
        columns_x = [x * s, x * s**2, 2 * x * y, s + 2 * x * x, x * s**3]
        columns_y = [y * s, y * s**2, s + 2 * y * y, 2 * x * y, y * s**3]
    off_axis = np.abs(centre - camera.K[:2, 2]).max() > 1e-6
    used = [0, 1, 2, 3, 4] if off_axis else [0, 1, 4]
    A = np.concatenate([np.stack(columns_x, -1), np.stack(columns_y, -1)])[:, used]
    scale = np.abs(A).max(0)
    if not (np.isfinite(A).all() and np.isfinite(target).all() and (scale > 0).all()):
        key.fail(
            'has a focal length or distortion far outside any lens',
            'those of the real lens',
            code='out-of-range',
            found=radial.tolist(),
        )
    dist = np.zeros(5)
    dist[used] = np.linalg.lstsq(A / scale, target.T.ravel(), rcond=None)[0] / scale
    bent = distort('opencv', np.pad(dist, (0, 9)), rays) @ camera.K[:2, :2].T + camera.K[:2, 2]
    return dist, float(np.sqrt(((bent - uv) ** 2).sum(-1)).max())
