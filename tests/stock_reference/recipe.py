"""What the stock MMPose 0.29 run and our own test must agree on before they compare anything.

NumPy only, Python 3.8 syntax: the stock environment and ours both import this file, build the
same cameras, heatmaps, image and weights from it, and so only *results* are stored in the
``.npz`` files beside it. Random numbers are uniform draws of a seeded PCG64 generator (bits
turned into doubles, no special functions), and what a special function touches is rounded to a
coarse step in float64, so that the arrays come out bit for bit the same on another machine.
:func:`fingerprint` tells a changed recipe from a changed model.

Lengths are millimetres, the world has z up, ``x_cam = R_w2c @ x_world + t_w2c``. Sizes are
(width, height), volumes are indexed (x, y, z), heatmaps (camera, joint, row, column).
"""

import zlib

import numpy as np

SPACE_CENTER = (250.0, -150.0, 900.0)
SPACE_SIZE = (6000.0, 6000.0, 2000.0)
CUBE_SIZE = (24, 24, 8)
SUB_SPACE_SIZE = 2000.0
SUB_CUBE_SIZE = (16, 16, 16)
IMAGE_SIZE = (256, 192)
HEATMAP_SIZE = (64, 48)
NUM_JOINTS = 17
MAX_PEOPLE = 10
CENTER_THRESHOLD = 0.1
BETA = 100.0

# Three cubes for the pose net, centred on no voxel of the space; in single precision exact.
ROOTS = ((-900.0, 700.0, 912.5), (1150.25, -480.0, 875.0), (380.0, -1725.5, 1003.0))

BACKBONE_IMAGE_SIZE = (192, 128)
BACKBONE_NUM_JOINTS = 15

# A projection nearer than this to an image border could fall on either side of it in single
# precision, and a voxel would gain or lose a vote: the rig below keeps all of them clear.
BORDER_MARGIN_PX = 4e-3

# name, image size, focal lengths, principal point, centre in the world, point looked at, lens.
# The sizes differ on purpose: bars at the sides, at top and bottom, and thin ones.
_CAMERAS = (
    ('north', (1032, 776), (1421.4, 1414.8), (512.4, 391.3), (300.0, 5330.0, 2450.0),
     (180.0, -100.0, 800.0), (-0.062, 0.011, 0.0011, -0.0007, 0.108)),
    ('east', (1280, 720), (1584.1, 1591.7), (648.1, 352.6), (5620.0, 420.0, 2210.0),
     (300.0, -150.0, 850.0), (-0.048, 0.007, -0.0006, 0.0013, 0.081)),
    ('south', (768, 1024), (1388.8, 1391.0), (379.2, 518.7), (-420.0, -5570.0, 2640.0),
     (200.0, -100.0, 900.0), (0.031, -0.004, 0.0009, 0.0004, 0.054)),
    ('west', (1032, 776), (1328.0, 1334.6), (520.9, 383.8), (-5080.0, -610.0, 2320.0),
     (350.0, -200.0, 900.0), (-0.055, 0.009, -0.0012, -0.0008, 0.135)),
)  # fmt: skip

# COCO's 17 joints of a standing figure that faces +y, feet on the floor.
_FIGURE = np.array(
    [
        [0, 110, 1600], [-35, 80, 1640], [35, 80, 1640], [-75, 0, 1620], [75, 0, 1620],
        [-190, 0, 1420], [190, 0, 1420], [-290, 60, 1150], [290, 40, 1150],
        [-260, 230, 960], [270, 180, 950], [-110, 0, 930], [110, 0, 930],
        [-130, 60, 500], [120, -40, 510], [-140, 20, 90], [125, -130, 110],
    ],
    dtype=np.float64,
)  # fmt: skip

# Where the synthetic people stand, and how they are turned (cosine, sine).
_PEOPLE = (
    ((-930.0, 660.0), (0.8, 0.6)),
    ((1200.0, -520.0), (-0.6, 0.8)),
    ((350.0, -1690.0), (1.0, 0.0)),
)


def reference_rig():
    """Four cameras around the space, each with a lens of its own.

    Returns:
        list[dict]: ``name``; ``K`` (3, 3); ``dist`` (5,) in OpenCV's order k1 k2 p1 p2 k3;
        ``R_w2c`` (3, 3); ``t_w2c`` (3,) in mm; ``size`` (width, height) in pixels.
    """
    rig = []
    for name, size, focal, principal, center_w, target_w, dist in _CAMERAS:
        forward = np.subtract(target_w, center_w)
        forward /= np.sqrt((forward**2).sum())
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.sqrt((right**2).sum())
        R_w2c = np.stack([right, np.cross(forward, right), forward])
        K = np.array([[focal[0], 0.0, principal[0]], [0.0, focal[1], principal[1]], [0, 0, 1.0]])
        rig.append(
            dict(
                name=name,
                K=K,
                dist=np.array(dist),
                R_w2c=R_w2c,
                t_w2c=-R_w2c @ np.array(center_w),
                size=size,
            )
        )
    return rig


def project(camera, xyz_mm):
    """Project world points, (N, 3), to pixels of the full image, (N, 2), and depths, (N,)."""
    xyz_cam = np.asarray(xyz_mm, dtype=np.float64) @ camera['R_w2c'].T + camera['t_w2c']
    x, y = (xyz_cam[:, :2] / xyz_cam[:, 2:]).T
    k1, k2, p1, p2, k3 = camera['dist']
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    distorted = np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
            np.ones_like(x),
        ]
    )
    return (camera['K'] @ distorted)[:2].T, xyz_cam[:, 2]


def letterbox(size):
    """The scale from full-image to network-input pixels; both images share their centre."""
    return min(IMAGE_SIZE[0] / size[0], IMAGE_SIZE[1] / size[1])


def voxel_centers(center, size, counts):
    """Voxel centres, (X * Y * Z, 3), z running fastest; the outermost lie *on* the faces."""
    axes = [
        np.linspace(-side / 2, side / 2, count) + middle
        for middle, side, count in zip(center, size, counts)
    ]
    return np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)


def check_rig(roots=ROOTS):
    """Make sure that the comparison asks no question with two answers.

    Every voxel of the space and of the cubes around ``roots`` must lie in front of every camera,
    where the lens model still grows with the angle, and project clear of the image borders.

    Returns:
        dict: ``min_depth_mm``, ``min_lens_slope`` (derivative of the distorted by the true
        radius), ``min_border_px``, and ``seen``, the share of voxels inside each image.
    """
    clouds = [voxel_centers(SPACE_CENTER, SPACE_SIZE, CUBE_SIZE)]
    clouds += [voxel_centers(root, (SUB_SPACE_SIZE,) * 3, SUB_CUBE_SIZE) for root in roots]
    points = np.concatenate(clouds)
    depth_mm, slope, border_px, seen = [], [], [], []
    for camera in reference_rig():
        uv, depth = project(camera, points)
        xyz_cam = points @ camera['R_w2c'].T + camera['t_w2c']
        r2 = (xyz_cam[:, :2] ** 2).sum(axis=1) / depth**2
        k1, k2, _, _, k3 = camera['dist']
        depth_mm.append(depth.min())
        slope.append((1 + r2 * (3 * k1 + r2 * (5 * k2 + r2 * 7 * k3))).min())
        inside = (uv >= 0) & (uv < camera['size'])
        seen.append(inside.all(axis=1).mean())
        # A border matters only where the other coordinate is inside, or nearly.
        near = np.minimum(np.abs(uv), np.abs(uv - camera['size']))
        border_px.append(near[inside[:, ::-1] | (near[:, ::-1] < 1)].min())
    report = dict(
        min_depth_mm=min(depth_mm),
        min_lens_slope=min(slope),
        min_border_px=min(border_px),
        seen=seen,
    )
    assert report['min_depth_mm'] > 500, report
    assert report['min_lens_slope'] > 0.3, report
    assert report['min_border_px'] > BORDER_MARGIN_PX, report
    return report


def reference_people():
    """The synthetic people, (3, 17, 3) in mm."""
    people = []
    for (x, y), (cos, sin) in _PEOPLE:
        turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        people.append(_FIGURE @ turn.T + (x, y, 0.0))
    return np.stack(people)


def reference_heatmaps():
    """One heatmap per camera and joint, (4, 17, 48, 64) float32.

    Blobs at the projected joints, of several heights and widths, over a noise floor. A few
    values lie below 0 and above 1, as those of a 2D network do. All are multiples of 1/4096.
    """
    rng = np.random.default_rng(29)
    people = reference_people()
    width, height = HEATMAP_SIZE
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    stride = IMAGE_SIZE[0] / width
    heatmaps = []
    for camera in reference_rig():
        noise = 0.09 * rng.random((NUM_JOINTS, height, width)) - 0.03
        peak = 0.45 + 0.65 * rng.random((len(people), NUM_JOINTS))
        sigma = 1.3 + 1.2 * rng.random((len(people), NUM_JOINTS))
        uv, _ = project(camera, people.reshape(-1, 3))
        uv = (uv - np.array(camera['size']) / 2) * letterbox(camera['size'])
        u, v = ((uv + np.array(IMAGE_SIZE) / 2) / stride).T.reshape(
            2, len(people), NUM_JOINTS, 1, 1
        )
        squared = (columns - u) ** 2 + (rows - v) ** 2
        blobs = peak[..., None, None] * np.exp(-squared / (2 * sigma[..., None, None] ** 2))
        heatmaps.append(blobs.max(axis=0) + noise)
    return (np.rint(np.stack(heatmaps) * 4096) / 4096).astype(np.float32)


def reference_image():
    """An image for the 2D network: (128, 192, 3) uint8, RGB, smooth shapes and noise."""
    rng = np.random.default_rng(50)
    width, height = BACKBONE_IMAGE_SIZE
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    image = 60.0 + 90.0 * np.stack([rows / height, columns / width, 1 - rows / height], axis=-1)
    for _ in range(12):
        u, v, radius = rng.random(3) * (width, height, 25) + (0, 0, 8)
        color = 160 * rng.random(3) - 80
        image += color * (((columns - u) ** 2 + (rows - v) ** 2) < radius**2)[..., None]
    image += 30 * rng.random(image.shape) - 15
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def is_learned(key):
    """Whether a state-dict entry is a weight (stock's centre head stores the space as well)."""
    return '.center_head.' not in key


# Layers whose outputs need a size of their own: the last layer of either volume network and of
# the heatmap head (a softmax with beta 100 reads the pose net: large values would make a bare
# argmax of it), and the last one of each ResNet block, whose outputs add up.
_GAINS = (
    ('center_net.output_layer', 0.25),
    ('pose_net.output_layer', 0.05),
    ('keypoint_head.final_layer', 0.5),
    ('.conv3.weight', 0.6),
)

# Puts some of the ten best candidates above the threshold and some below.
CENTER_BIAS = -0.528


def reference_weight(key, shape):
    """A fixed weight for one entry of a state dict, the same in every environment.

    Args:
        key (str): The entry's name in the stock layout; it seeds the values.
        shape (Sequence[int]): Its shape.

    Returns:
        np.ndarray: float32 (int64 zero for ``num_batches_tracked``): convolutions uniform with
        a standard deviation of 1.2 / sqrt(fan-in), batch norm near the identity, small biases.
    """
    shape = tuple(int(side) for side in shape)
    if key.endswith('num_batches_tracked'):
        return np.zeros(shape, dtype=np.int64)
    draw = 2 * np.random.default_rng(zlib.crc32(key.encode())).random(shape) - 1
    if len(shape) > 1:
        transposed = 'upsample' in key or 'deconv_layers' in key
        # A transposed convolution (input channels first, stride 2): fewer taps meet per output.
        fan_in = (
            shape[0] * np.prod(shape[2:]) / 2 ** len(shape[2:])
            if transposed
            else np.prod(shape[1:])
        )
        gain = next((gain for part, gain in _GAINS if part in key), 1.2)
        values = draw * (gain * np.sqrt(3.0 / fan_in))
    elif key.endswith('running_var') or key.endswith('weight'):
        values = 1 + 0.2 * draw
    elif key.endswith('center_net.output_layer.bias'):
        values = np.full(shape, CENTER_BIAS)
    elif key.endswith('running_mean') or key.endswith('bias'):
        values = 0.1 * draw
    else:
        raise KeyError(f'no recipe for {key}')
    return values.astype(np.float32)


def fingerprint(array):
    """CRC-32 of an array's bytes, to tell a recipe that changed from a model that did."""
    return zlib.crc32(np.ascontiguousarray(array).tobytes())
