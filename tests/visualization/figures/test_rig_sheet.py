import dataclasses

import cv2
import numpy as np
import pytest
from errors import fails
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from visual_rigs import SPACE, small_rig

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.visualization import draw_rig
from mmpose_ours.visualization.figures import rig_sheet as rig
from mmpose_ours.visualization.figures.ellipses import ELLIPSE_COLOUR, enlargement
from mmpose_ours.visualization.figures.perspective import MAX_DRAWN, frustum
from mmpose_ours.visualization.figures.rig_sheet import BOX_COLOUR, ONE_VIEW, TOP, write_rig_image
from mmpose_ours.visualization.labels import plain, write_names

RED, GREY = (np.array(to_rgb(colour)) * 255 for colour in (BOX_COLOUR, ONE_VIEW))


@pytest.fixture
def drawn(monkeypatch):
    """Draw a rig: the image and the panel from above, with its limits in mm."""

    def draw(*args, **kwargs):
        axes = []
        original = rig.add_panel

        def spy(figure, inches):
            axes.append((inches, original(figure, inches)))
            return axes[-1][1]

        with monkeypatch.context() as patch:
            patch.setattr(rig, 'add_panel', spy)
            image = draw_rig(*args, **kwargs)
        top = dict(axes)[TOP]
        return image, top

    return draw


def pixel(image, axes, x_mm, y_mm):
    """The image's colour where a panel has a point."""
    column, row = axes.transData.transform((x_mm, y_mm))
    return image[image.shape[0] - int(round(row)), int(round(column))].astype(float)


def count(image, colour, tolerance=14):
    return int((np.abs(image.astype(float) - colour).max(-1) < tolerance).sum())


def near(colour, other, tolerance=12):
    return np.abs(colour - other).max() < tolerance


def test_it_is_an_image_with_anybody_in_it(drawn):
    for cameras in (2, 5, 31):
        image, _ = drawn(small_rig(cameras), SPACE, title='a title')
        assert image.dtype == np.uint8 and image.shape == (920, 1500, 3)
        assert 0.05 < (image < 200).any(-1).mean() < 0.8


def test_the_map_tells_who_sees_a_person_where(drawn):
    # Two cameras side by side look along x; the third looks the other way.
    cameras = [
        Camera.looking_at('a', (0, 0, 2000), (5000, 0, 1000), 500, (640, 480)),
        Camera.looking_at('b', (0, 800, 2000), (5000, 800, 1000), 500, (640, 480)),
        Camera.looking_at('c', (-1500, 0, 2000), (-6500, 0, 1000), 500, (640, 480)),
    ]
    space = CaptureVolume((0, 0, 1000), (16_000, 16_000, 2400))
    image, axes = drawn(CameraRig(tuple(cameras)), space)
    both, one, nobody = (pixel(image, axes, *at) for at in ((6600, 400), (-6600, 300), (400, 6600)))
    assert near(nobody, 255.0) and near(one, GREY)
    assert not near(both, GREY, 30) and not near(both, 255.0, 30)
    # Alone, no camera shares anything.
    image, axes = drawn(CameraRig((cameras[0],)), space)
    assert near(pixel(image, axes, 6600, 400), GREY)


def test_the_box_is_drawn_where_the_space_is(drawn):
    space = CaptureVolume((500, -300, 1000), (3000, 2000, 2400))
    image, axes = drawn(small_rig(4), space)
    low, high = space.lower_mm, space.upper_mm
    for x, y in ((low[0], -100), (high[0], -100), (600, low[1]), (600, high[1])):
        column, row = axes.transData.transform((x, y)).round().astype(int)
        around = image[image.shape[0] - row - 3 : image.shape[0] - row + 4,
                         column - 3 : column + 4]  # fmt: skip
        assert count(around, RED, 40) >= 7, (x, y)
    assert count(image, RED, 40) > 1500
    assert count(drawn(small_rig(4))[0], RED, 40) < 500, 'the axes of the world only'


def test_uncertain_centres_have_ellipses(drawn):
    cameras = small_rig(3)
    covariances = np.full((3, 3, 3), np.inf)
    covariances[0] = np.diag([400.0**2, 100.0**2, 50.0**2])
    image, axes = drawn(cameras, center_cov_mm2=covariances)
    violet = np.array(to_rgb(ELLIPSE_COLOUR)) * 255
    x, y = cameras.centers_w[0, :2]
    for at, is_line in (((x + 400, y), True), ((x - 400, y), True), ((x, y + 400), False)):
        column, row = axes.transData.transform(at).round().astype(int)
        around = image[image.shape[0] - row - 3 : image.shape[0] - row + 4,
                       column - 3 : column + 4]  # fmt: skip
        assert (count(around, violet, 60) > 0) is is_line, at
    assert count(drawn(cameras)[0], violet, 40) == 0


def test_ellipses_are_enlarged_until_they_can_be_seen():
    small = np.stack([np.eye(3), 4 * np.eye(3)])
    assert enlargement(small, 5000.0) == 100
    assert enlargement(10_000 * small, 5000.0) == 1
    assert enlargement(100 * small, 5000.0) == 10
    assert enlargement(np.full((2, 3, 3), np.inf), 5000.0) == 1


def test_everything_is_within_the_panel_from_above(drawn):
    for radius in (0.3, 1.0, 20.0):
        cameras = [
            Camera.looking_at(c.name, c.center_w * (radius, radius, 1), (0, 0, 900), 420, c.size)
            for c in small_rig(5)
        ]
        _, axes = drawn(CameraRig(tuple(cameras)), SPACE)
        points = np.stack([c.center_w[:2] for c in cameras] + [SPACE.lower_mm[:2]])
        (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
        assert (points > (x0, y0)).all() and (points < (x1, y1)).all()
        box = axes.get_window_extent()
        assert (x1 - x0) / (y1 - y0) == pytest.approx(box.width / box.height)
        assert axes.get_xlabel() == 'x (m)' and axes.get_ylabel() == 'y (m)'
        numbers = [t.get_text() for t in axes.get_xticklabels() if t.get_text()]
        assert 2 <= len(numbers) <= 14 and '-0' not in numbers


def test_cameras_without_a_size_have_no_cone(drawn):
    sized = small_rig(3)
    unsized = CameraRig(tuple(dataclasses.replace(c, size=None) for c in sized))
    assert [len(frustum(c, 500.0)) for c in (*sized, *unsized)] == [5, 5, 5, 1, 1, 1]
    image, axes = drawn(unsized)
    assert near(pixel(image, axes, 300.0, 300.0), 255.0), 'nobody knows what they see'
    mixed, axes = drawn(CameraRig((*sized.cameras[:2], unsized.cameras[2])), SPACE)
    assert not near(pixel(mixed, axes, 300.0, 300.0), 255.0)


def test_a_fisheye_s_cone_is_finite(drawn):
    wide = [
        dataclasses.replace(c, lens='fisheye', dist=np.zeros(4), K=c.K * [[0.4], [0.4], [1]])
        for c in small_rig(3)
    ]
    wide = [dataclasses.replace(c, K=[[170, 0, 320], [0, 170, 240], [0, 0, 1]]) for c in wide]
    rays = wide[0].normalise_points(np.array([[0.0, 0.0]]))
    assert not np.isfinite(rays).all(), 'the corner sees beyond 90 degrees'
    lines = np.concatenate(frustum(wide[0], 500.0))
    assert np.isfinite(lines).all()
    reach = np.linalg.norm(lines - wide[0].center_w, axis=-1).max()
    assert 500 < reach <= 1001
    drawn(CameraRig(tuple(wide)), SPACE)


@pytest.mark.parametrize('scale', [0.001, 1000.0])
def test_a_rig_of_another_unit_is_drawn_too(drawn, scale):
    """``check-rig`` draws what it complains of."""
    cameras = [dataclasses.replace(c, t_w2c=c.t_w2c * scale) for c in small_rig(4)]
    image, _ = drawn(CameraRig(tuple(cameras)))
    assert (image < 200).any()


def test_cameras_in_one_place_are_drawn_too(drawn):
    cameras = [dataclasses.replace(small_rig(3).cameras[0], name=name) for name in 'abc']
    assert (drawn(CameraRig(tuple(cameras)))[0] < 200).any()


def test_names_do_not_cover_each_other():
    figure = Figure(figsize=(7, 7), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    rng = np.random.default_rng(3)
    angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    points = 0.8 * np.stack([np.cos(angles), np.sin(angles)], -1)
    points = np.concatenate([points, points[:1] + 0.02 * rng.normal(size=(3, 2))])
    boxes = np.array(write_names(axes, points, [f'camera_{i}' for i in range(31)], np.zeros(2)))
    shared = np.minimum(boxes[:, None, 2:], boxes[:, 2:]) - np.maximum(
        boxes[:, None, :2], boxes[:, :2]
    )
    covered = shared.clip(0).prod(-1)
    np.fill_diagonal(covered, 0)
    assert covered.max() == 0
    panel = axes.get_window_extent()
    assert (boxes[:, :2] >= (panel.x0, panel.y0)).all()
    assert (boxes[:, 2:] <= (panel.x1, panel.y1)).all()
    anchors = axes.transData.transform(points)
    inside = (anchors[None] > boxes[:, None, :2]) & (anchors[None] < boxes[:, None, 2:])
    assert not inside.all(-1).any(), 'a name lies over a camera'


def test_names_are_no_formulas(drawn):
    assert plain('a$b$') == r'a\$b\$' and len(plain('x' * 50)) == 20
    cameras = [dataclasses.replace(c, name=f'${c.name}^_$') for c in small_rig(2)]
    drawn(CameraRig(tuple(cameras)), SPACE, title=r'data/$x_$/rig.json')
    assert plain('x' * 50 + '$', None) == 'x' * 50 + r'\$'


def test_the_file_is_written_whole_or_refused(tmp_path):
    write_rig_image(tmp_path / 'new' / 'rig.png', small_rig(3), SPACE, 'title')
    expected = draw_rig(small_rig(3), SPACE, 'title')
    read = cv2.imread(str(tmp_path / 'new' / 'rig.png'))[..., ::-1]
    np.testing.assert_array_equal(read, expected)
    path = tmp_path / 'rig.nonsense'
    with fails(InputError, code='unknown-name', file=path, found='.nonsense'):
        write_rig_image(path, small_rig(3))
    assert [p.name for p in tmp_path.iterdir()] == ['new']


def test_of_many_cameras_a_sample_has_cones_and_names(drawn, monkeypatch):
    labelled = []
    monkeypatch.setattr(
        rig, 'write_names', lambda axes, points, names, *_, **__: labelled.append(names)
    )
    many = small_rig(MAX_DRAWN + 20)
    _, top = drawn(many, SPACE)
    assert {len(names) for names in labelled} == {MAX_DRAWN}
    assert any(len(line.get_xdata()) == len(many) for line in top.lines)  # a point for each
    assert len(top.patches) < 5 * MAX_DRAWN
