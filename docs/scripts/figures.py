"""Draws the figures of "How it works" with the code that they explain.

    python docs/scripts/figures.py [--out docs/images/how_it_works]

All people, cameras and detections in them are synthetic.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Callable

import matplotlib

matplotlib.use('Agg')

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch  # noqa: E402
from scene_of_figures import EXAMPLE_RIG, example_scene, walking_person  # noqa: E402

from mmpose_ours import SKELETONS, Camera, read_rig, triangulate  # noqa: E402
from mmpose_ours.kernels.agreement import agreements  # noqa: E402
from mmpose_ours.kernels.constants import (  # noqa: E402
    AGREEMENT_SIGMA_MM,
    MIN_AGREEMENT,
    TRIANGULATION_SCALE_MM,
    WEAK_PRIOR_WEIGHT,
)
from mmpose_ours.kernels.pairs import flatten  # noqa: E402
from mmpose_ours.kernels.people import hypotheses_of_pairs  # noqa: E402
from mmpose_ours.models.association.proposals import Proposer  # noqa: E402
from mmpose_ours.models.association.rays import Rays, keypoints_to_rays  # noqa: E402
from mmpose_ours.models.faster_voxelpose.planes import draw_planes  # noqa: E402
from mmpose_ours.models.keypoint_prior.body_prior import GaussianBody  # noqa: E402
from mmpose_ours.models.ops.heatmaps import draw_heatmaps  # noqa: E402
from mmpose_ours.models.ops.projection import TorchRig, box_points  # noqa: E402
from mmpose_ours.models.ops.unprojection import sample_heatmaps, sampling_grid  # noqa: E402
from mmpose_ours.synthetic import DetectorNoise  # noqa: E402
from mmpose_ours.synthetic.poses.body_model import built_in_poses  # noqa: E402
from mmpose_ours.tracking.smoothing import PoseSmoother  # noqa: E402
from mmpose_ours.tracking.tracks import PeopleTracker  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
COCO17 = SKELETONS['coco17']
LIMBS = np.array([COCO17.index(*pair) for pair in COCO17.limbs])
# Okabe and Ito's colours, which all common kinds of colour blindness tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    '#0072B2', '#E69F00', '#009E73', '#D55E00', '#CC79A7', '#56B4E9',
)  # fmt: skip
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY)
GREY = '#777777'


def pipeline(out: Path) -> None:
    """The stages from images to files, in one row of boxes."""
    stages = (
        ('calibration,\nimages', GREY),
        ('2D keypoints\nper view', BLUE),
        ('rays', BLUE),
        ('cross-view\nassociation', ORANGE),
        ('robust\ntriangulation', GREEN),
        ('pose prior', GREEN),
        ('tracking,\nsmoothing', PURPLE),
        ('3D poses,\nexport, page', GREY),
    )
    fig, ax = plt.subplots(figsize=(11, 1.5))
    for column, (text, colour) in enumerate(stages):
        box = FancyBboxPatch(
            (column * 1.4, 0), 1.1, 0.9, boxstyle='round,pad=0.04', facecolor=colour,
            edgecolor='none', alpha=0.16,
        )  # fmt: skip
        ax.add_patch(box)
        ax.text(column * 1.4 + 0.55, 0.45, text, ha='center', va='center', fontsize=9)
        if column:
            start, end = (column * 1.4 - 0.24, 0.45), (column * 1.4 - 0.04, 0.45)
            ax.add_patch(FancyArrowPatch(start, end, arrowstyle='-|>', mutation_scale=10))
    ax.set(xlim=(-0.1, 11.05), ylim=(-0.12, 1.05))
    ax.axis('off')
    save(fig, out / 'pipeline.svg')


def camera_model(out: Path) -> None:
    """World axes, a camera's axes and its image, and one point in all of them."""
    camera = Camera.looking_at('cam', (-2600, -2600, 1900), (0, 0, 900), 800, (1280, 960))
    person = walking_person(0)
    fig = plt.figure(figsize=(10, 4.2))
    ax = fig.add_subplot(1, 2, 1, projection='3d')
    axes = {'x': RED, 'y': GREEN, 'z': BLUE}
    for (name, colour), direction in zip(axes.items(), np.eye(3)):
        arrow_3d(ax, np.zeros(3), 900 * direction, colour, f'${name}$')
        arrow_3d(ax, camera.center_w, 900 * camera.R_w2c.T @ direction, colour, f'${name}_c$')
    corners = np.array([(0, 0), (1279, 0), (1279, 959), (0, 959), (0, 0)], float)
    rays = np.concatenate([camera.normalise_points(corners), np.ones((5, 1))], 1) * 1300
    frame = (rays - camera.t_w2c) @ camera.R_w2c
    ax.plot(*frame.T, color=GREY, lw=1)
    for corner in frame[:4]:
        ax.plot(*np.stack([camera.center_w, corner]).T, color=GREY, lw=0.6)
    for a, b in LIMBS:
        ax.plot(*person[[a, b]].T, color='black', lw=1.2)
    nose = person[COCO17.index('nose')[0]]
    ax.plot(*np.stack([camera.center_w, nose]).T, color=ORANGE, lw=1.4)
    ax.set_box_aspect((1, 1, 0.7), zoom=1.25)
    ax.set(xlim=(-3100, 900), ylim=(-3100, 900), zlim=(0, 2700))
    ax.view_init(22, -78)
    ax.set_axis_off()
    ax.set_title('world: millimetres, z up', fontsize=10)
    ax = fig.add_subplot(1, 2, 2)
    uv, _ = camera.project(person)
    for a, b in LIMBS:
        ax.plot(*uv[[a, b]].T, color='black', lw=1.2)
    u, v = uv[COCO17.index('nose')[0]]
    ax.plot(u, v, 'o', color=ORANGE)
    ax.annotate(f'$(u, v)$ = ({u:.0f}, {v:.0f})', (u, v), (u + 90, v + 10), fontsize=10)
    cx, cy = camera.K[:2, 2]
    ax.plot(cx, cy, '+', color=RED, ms=12)
    ax.annotate('$(c_x, c_y)$', (cx, cy), (cx + 30, cy + 60), color=RED, fontsize=10)
    ax.set(xlim=(-0.5, 1279.5), ylim=(959.5, -0.5), xlabel='u, pixels', ylabel='v, pixels')
    ax.set_aspect('equal')
    ax.set_title('image: the centre of the first pixel is (0, 0)', fontsize=10)
    fig.tight_layout()
    save(fig, out / 'camera.svg')


def arrow_3d(ax: plt.Axes, start: np.ndarray, along: np.ndarray, colour: str, text: str) -> None:
    """An axis with its name."""
    ax.quiver(*start, *along, color=colour, lw=1.6, arrow_length_ratio=0.15)
    ax.text(*(start + 1.15 * along), text, color=colour, fontsize=11)


def association(out: Path) -> None:
    """Hypotheses from pairs of detections, seen from above, and their agreements."""
    rig, scene, keypoints = example_scene(cameras=3)
    poses = scene.poses
    directions, weights = keypoints_to_rays(rig, keypoints)
    rays = Rays(*(
        torch.tensor(a, dtype=torch.float32)[None] for a in (rig.centers_w, directions, weights)
    ))  # fmt: skip
    proposer = Proposer()
    origins, flat = rig.centers_w, flatten(rig.centers_w, directions, weights)
    lines, detected, view_of, person_of, _ = flat
    hypotheses, known = hypotheses_of_pairs(flat, origins, proposer.options)
    exact = np.zeros(known.shape)
    sigma_mm = proposer.sigma_mm
    agreement = agreements(hypotheses, known, exact, sigma_mm, lines, detected, view_of, origins)
    groups = proposer(rays)[0].numpy()
    hips = list(COCO17.index('left_hip', 'right_hip'))
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), width_ratios=(1.1, 1))
    for view, centre in enumerate(rig.centers_w):
        left.plot(*centre[:2], '^', color='black', ms=9)
        side = 'left' if centre[0] < 0 else 'right'
        left.text(*(centre[:2] + (0, 250)), rig.names[view], fontsize=9, ha=side)
        for person in range(keypoints.shape[1]):
            if weights[view, person].any():
                along = directions[view, person, hips].mean(0)[:2]
                end = centre[:2] + 7500 * along / np.linalg.norm(along)
                group = np.flatnonzero(groups[:, view] == person)
                colour = COLOURS[group[0]] if len(group) else GREY
                left.plot(*np.stack([centre[:2], end]).T, color=colour, lw=0.9, alpha=0.8)
    middle = hypotheses[:, hips].mean(1)
    left.scatter(*middle[:, :2].T, s=26, facecolor='none', edgecolor=GREY, label='hypotheses')
    left.scatter(*poses[:, hips].mean(1)[:, :2].T, s=60, marker='x', color=RED, label='true hips')
    left.set(xlim=(-4300, 4300), ylim=(-4300, 4300), xlabel='x, mm', ylabel='y, mm')
    left.set_aspect('equal')
    left.legend(loc='lower left', fontsize=8)
    left.set_title('rays of the hips; a colour for each group', fontsize=10)
    table = agreement.reshape(len(agreement), -1)
    table = table[np.argsort(-np.where(table > MIN_AGREEMENT, table, 0).sum(1), kind='stable')][:16]
    names = [f'{rig.names[v]}.{p}' for v, p in zip(view_of, person_of)]
    image = right.imshow(table, vmin=0, vmax=1, cmap='viridis', aspect='auto')
    right.set_xticks(range(len(names)), names, rotation=60)
    right.set(ylabel='hypothesis, best first')
    right.set_title(f'agreement ($\\sigma$ = {AGREEMENT_SIGMA_MM:.0f} mm)', fontsize=10)
    fig.colorbar(image, ax=right)
    fig.tight_layout()
    save(fig, out / 'association.svg')


def robust_weights(out: Path) -> None:
    """Geman-McClure weights, and what one outlier does to a point of five views."""
    rig = read_rig(EXAMPLE_RIG)
    point = np.array([[300.0, -200.0, 1200.0]])
    uv, _ = rig.project(point)
    offsets = np.arange(0, 161, 4.0)
    errors: dict[str, list[float]] = {'least squares': [], 'IRLS, Geman-McClure': []}
    for offset in offsets:
        moved = uv.copy()
        moved[0, 0, 0] += offset
        xyz = triangulate(rig, moved)[0]
        errors['least squares'].append(float(np.linalg.norm(xyz - point)))
        keypoints = np.concatenate([moved, np.ones((len(rig), 1, 1))], -1)[:, None]
        directions, weights = keypoints_to_rays(rig, keypoints)
        rays = Rays(
            torch.tensor(rig.centers_w)[None],
            torch.tensor(directions[:, 0])[None],
            torch.tensor(weights[:, 0])[None],
        )
        x = rays.triangulate(torch.zeros(1, 1, 3, dtype=torch.float64), WEAK_PRIOR_WEIGHT, steps=6)
        errors['IRLS, Geman-McClure'].append(float((x[0, 0] - torch.tensor(point[0])).norm()))
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
    distance = np.linspace(0, 500, 300)
    for scale, colour in ((300.0, SKY), (200.0, ORANGE), (TRIANGULATION_SCALE_MM, BLUE)):
        weight = 1 / (1 + distance**2 / scale**2) ** 2
        left.plot(distance, weight, color=colour, label=f'c = {scale:.0f} mm')
    left.set(xlabel='distance of the point from the ray, mm', ylabel='weight')
    left.legend(fontsize=9)
    left.grid(alpha=0.3)
    for (name, values), colour in zip(errors.items(), (RED, BLUE)):
        right.plot(offsets, values, color=colour, label=name)
    right.set(xlabel='error of one of five detections, pixels', ylabel='error of the point, mm')
    right.legend(fontsize=9)
    right.grid(alpha=0.3)
    fig.tight_layout()
    save(fig, out / 'robust.svg')


def body_prior(out: Path) -> None:
    """A pose of two views that lack an arm: the estimate, and how certain each joint is."""
    rig = read_rig(EXAMPLE_RIG).select(('north_west', 'south_east'))
    person = walking_person(4)
    uv, _ = rig.project(person[None])
    keypoints = np.concatenate([uv, np.ones((*uv.shape[:-1], 1))], -1)
    hidden = COCO17.index('left_elbow', 'left_wrist')
    keypoints[:, :, list(hidden), 2] = 0
    keypoints[0, :, list(COCO17.index('right_knee', 'right_ankle')), 2] = 0
    directions, weights = keypoints_to_rays(rig, keypoints)
    rays = Rays(*(
        torch.tensor(a, dtype=torch.float32)[None]
        for a in (rig.centers_w, directions[:, 0], weights[:, 0])
    ))  # fmt: skip
    estimate = GaussianBody(COCO17)(rays, torch.zeros(1))
    pose = estimate.poses[0].numpy()
    std = estimate.std[0].square().mean(-1).sqrt().numpy()
    views = (weights[:, 0] > 0).sum(0)
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), width_ratios=(1, 1.5))
    heading = person[COCO17.index('left_hip')[0]] - person[COCO17.index('right_hip')[0]]
    across = heading[:2] / np.linalg.norm(heading[:2])
    for joints, colour, name in ((person, GREY, 'true'), (pose, BLUE, 'estimate')):
        flat = np.stack([joints[:, :2] @ across, joints[:, 2]], 1)
        for number, (a, b) in enumerate(LIMBS):
            left.plot(*flat[[a, b]].T, color=colour, lw=1.6, label=name if not number else None)
        if name == 'estimate':
            for (x, z), radius in zip(flat, std):
                left.add_patch(plt.Circle((x, z), radius, color=ORANGE, alpha=0.25, lw=0))
    left.set_aspect('equal')
    left.legend(fontsize=8, loc='lower right')
    left.set(xlabel='along the hips, mm', ylabel='z, mm')
    left.set_title('circles: one standard deviation', fontsize=10)
    order = np.argsort(std)
    shades = np.array([RED, ORANGE, GREEN])[views[order]]
    right.barh([COCO17.joints[i] for i in order], std[order], color=shades)
    for count, colour in enumerate((RED, ORANGE, GREEN)):
        right.barh([COCO17.joints[0]], [0], color=colour, label=f'{count} rays')
    right.set(xlabel='standard deviation, mm')
    right.tick_params(axis='y', labelsize=8)
    right.legend(fontsize=9, loc='lower right')
    fig.tight_layout()
    save(fig, out / 'prior.svg')


def voxel_models(out: Path) -> None:
    """A feature volume of heatmaps, and the planes of the fast voxel model, of one joint."""
    rig, scene, _ = example_scene(cameras=5, people=2)
    poses = scene.poses
    uv, valid = rig.project(poses)
    size = (240, 180)
    width, height = rig['north_west'].size
    keypoints = np.concatenate([np.nan_to_num(uv), valid[..., None]], -1)
    scaled = keypoints * (size[0] / width, size[1] / height, 1)
    heatmaps = draw_heatmaps(torch.tensor(scaled).float(), 3.0, size)
    nose = COCO17.index('left_hip')[0]
    centre = torch.tensor(poses[:, nose].mean(0))[None].float()
    points = box_points(centre, torch.full((3,), 5000.0), (100, 100, 3))
    grid, seen = sampling_grid(TorchRig(rig), points.view(-1, 3), size)
    volume = sample_heatmaps(heatmaps, grid, seen)[nose].view(100, 100, 3)[..., 1]
    person = poses[0]
    directions, weights = keypoints_to_rays(rig, keypoints[:, :1])
    rays = Rays(*(
        torch.tensor(a, dtype=torch.float32)[None]
        for a in (rig.centers_w - person[nose], directions[:, 0], weights[:, 0])
    ))  # fmt: skip
    planes = draw_planes(rays, 1200.0, 20)[0, :, nose].numpy()
    fig, axes = plt.subplots(1, 5, figsize=(12, 2.9), width_ratios=(1.3, 1.1, 1, 1, 1))
    axes[0].imshow(heatmaps[0].amax(0), cmap='magma')
    axes[0].set_title('heatmaps of a view', fontsize=9)
    axes[1].imshow(volume.T, cmap='magma', origin='lower')
    axes[1].set_title('feature volume, slice at\nthe height of the hips', fontsize=9)
    for ax, plane, name in zip(axes[2:], planes, ('top', 'front', 'side')):
        ax.imshow(plane.T, cmap='magma', origin='lower')
        ax.set_title(f'{name} plane\nof one person', fontsize=9)
    for ax in axes:
        ax.set_xticks([])
        ax.set_yticks([])
    fig.tight_layout()
    save(fig, out / 'voxels.png')


def tracking(out: Path) -> None:
    """Two people who cross while both are hidden, and a smoothed joint."""
    tracker = PeopleTracker()
    pose = built_in_poses(1, np.random.default_rng(0))[0]
    paths: dict[int, list[tuple[float, float]]] = {}
    for frame in range(60):
        along = -1500 + 50 * frame
        people = np.stack([pose + (along, 0.35 * along, 0), pose + (along, -0.35 * along, 0)])
        if 28 <= frame < 32:
            people = people[:0]
        for track_id, person in zip(tracker(people, frame), people):
            x, y = person[list(COCO17.index('left_hip', 'right_hip'))].mean(0)[:2]
            paths.setdefault(int(track_id), []).append((x, y))
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
    for (track_id, path), colour in zip(paths.items(), (BLUE, ORANGE)):
        left.plot(*np.array(path).T, '.', color=colour, ms=4, label=f'track {track_id}')
    left.set(xlabel='x, mm', ylabel='y, mm')
    left.set_title('both are undetected for four frames', fontsize=10)
    left.legend(fontsize=9)
    fps, rng = 60, np.random.default_rng(1)
    time = np.arange(180) / fps
    true = np.where(time < 1, 0, np.where(time < 2, 450 * (1 - np.cos(np.pi * (time - 1))), 900))
    noisy = true + rng.normal(0, 15, len(true))
    smoother = PoseSmoother(fps=fps)
    smooth = [
        smoother(np.array([[[value, 0.0, 0.0]]]), np.array([0]), frame)[0, 0, 0]
        for frame, value in enumerate(noisy)
    ]
    right.plot(time, noisy - true, color=GREY, lw=0.8, label='noise, $\\sigma$ = 15 mm')
    right.plot(time, np.array(smooth) - true, color=BLUE, label='smoothed')
    right.axvspan(1, 2, color=ORANGE, alpha=0.15, lw=0, label='moving, up to 1.4 m/s')
    right.set(xlabel='time, s', ylabel='error, mm')
    right.set_title('One-Euro filter at 60 frames per second', fontsize=10)
    right.legend(fontsize=8)
    fig.tight_layout()
    save(fig, out / 'tracking.svg')


def synthetic(out: Path) -> None:
    """Synthetic people in a view: exact projections, and detections of the noise model."""
    rig, scene, _ = example_scene(cameras=5, people=4)
    poses = scene.poses
    detections = DetectorNoise().detect(scene, rig, np.random.default_rng(5))
    uv, valid = rig.project(poses)
    width, height = rig['south'].size
    view = rig.names.index('south')
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.5))
    for number, (points, seen) in enumerate(zip(uv[view], valid[view])):
        for a, b in LIMBS:
            if seen[a] and seen[b]:
                left.plot(*points[[a, b]].T, color=COLOURS[number % 5], lw=1.6)
    for number, person in enumerate(detections[view]):
        for a, b in LIMBS:
            if person[a, 2] > 0 and person[b, 2] > 0:
                score = float(np.clip(min(person[a, 2], person[b, 2]), 0.15, 1))
                right.plot(*person[[a, b], :2].T, color=COLOURS[number % 5], lw=1.6, alpha=score)
    left.set_title('exact projections', fontsize=10)
    right.set_title('detections: jitter, missing joints, scores (as opacity)', fontsize=10)
    for ax in (left, right):
        ax.set(xlim=(0.35 * width, width), ylim=(height, 0.1 * height), xticks=[], yticks=[])
        ax.set_aspect('equal')
    fig.tight_layout()
    save(fig, out / 'synthetic.svg')


FIGURES: tuple[Callable[[Path], None], ...] = (
    pipeline, camera_model, association, robust_weights, body_prior, voxel_models, tracking,
    synthetic,
)  # fmt: skip


def save(fig: plt.Figure, path: Path) -> None:
    """Write a figure, the same bytes each time."""
    metadata = {'Date': None} if path.suffix == '.svg' else {'Software': None}
    fig.savefig(path, dpi=110, metadata=metadata, bbox_inches='tight')
    plt.close(fig)
    print(f'{path} ({path.stat().st_size / 1000:.0f} kB)')


def main() -> None:
    """Draw all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=ROOT / 'docs/images/how_it_works')
    parser.add_argument('--only', nargs='+', help='names of figures')
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    plt.rcParams['svg.hashsalt'] = 'mmpose_ours'
    torch.manual_seed(0)
    for figure in FIGURES:
        if not args.only or figure.__name__ in args.only:
            figure(args.out)


if __name__ == '__main__':
    main()
