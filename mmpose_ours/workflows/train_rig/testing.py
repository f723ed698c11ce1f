"""The steps of ``train-rig`` after the training: test, images."""

from __future__ import annotations

import dataclasses
import functools
import shutil
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration import check_space
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import read_detections, stack_views
from mmpose_ours.errors import FileFormatError
from mmpose_ours.evaluation.without_truth.scores import unlabelled_figures
from mmpose_ours.io.disk.file_names import file_name
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.io.progress import Pace, lasting
from mmpose_ours.predictions.reading import FrameId, frame_id, read_predictions
from mmpose_ours.recordings.endings import is_video
from mmpose_ours.recordings.footage import decoded, frames_of_images
from mmpose_ours.recordings.media import find_media
from mmpose_ours.text import counted
from mmpose_ours.workflows.train_rig.configs import test_config, using_config
from mmpose_ours.workflows.train_rig.job import TRAINED, Site, space_of_record
from mmpose_ours.workflows.train_rig.preparation import write_trained_config
from mmpose_ours.workflows.train_rig.progress_record import Doing, Record
from mmpose_ours.workflows.train_rig.scores import (
    Tally,
    against_truth,
    against_views,
    frames_of,
)
from mmpose_ours.workflows.train_rig.stock_scripts import command_line, run_stock, shown
from mmpose_ours.workflows.train_rig.test_recordings import (
    cameras_to_leave_out,
    write_held_out,
    write_own,
)
from mmpose_ours.workflows.train_rig.verdict import HELD_OUT, OWN

# Of the recording and of synthetic people: so many are drawn, for each contender.
IMAGES = 3
TEST_FOLDER, IMAGE_FOLDER = 'test', 'images'


@dataclasses.dataclass(frozen=True)
class Test:
    """One run of the stock test script.

    Args:
        contender: Who is tested.
        what: ``synthetic``, ``own``, or ``without_<number>``.
        keypoints: 2D keypoints of the frames.
        truth: Where they are in 3D, if that is known.
        cameras: The cameras to use; None for all.
    """

    contender: str
    what: str
    keypoints: Path
    truth: Path | None = None
    cameras: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Of its files."""
        return f'{self.contender}_{self.what}'


def do_test(site: Site, record: Record, doing: Doing) -> None:
    """Test all contenders by the stock script, and work out their figures."""
    folder = site.work_dir / TEST_FOLDER
    space = space_of_record(record.result('space'))
    weights = {TRAINED: record.result('train')['checkpoint'], **site.contenders}
    if not doing.goes_on:
        shutil.rmtree(folder, ignore_errors=True)
    write_trained_config(site, record, record.result('train'))
    for contender in site.contenders:
        with write_whole(site.work_dir / f'{contender}.py') as file:
            file.write(using_config(site, space, contender))
    faults = record.result('noise')['faults']
    synthetic = write_held_out(
        folder / 'synthetic', site.rig, space, faults, site.frames, site.trained_skeleton
    )
    tests = [Test(who, HELD_OUT, *synthetic) for who in weights]
    left_out: dict[str, str] = {}
    if site.keypoints is not None:
        own, fewer, count = write_own(
            folder / 'own',
            site.keypoints,
            site.rig,
            site.frames,
            site.keypoint_reading,
            site.trained_skeleton,
        )
        tests += [Test(who, OWN, own) for who in weights]
        left_out = _left_out(site, space)
        for name, what in left_out.items():
            others = tuple(other for other in site.rig.names if other != name)
            tests += [Test(who, what, fewer, None, others) for who in weights]
        doing.result['recording'] = {'frames': count}
    pace = Pace()
    for number, test in enumerate(tests, 1):
        out = folder / f'{test.name}.json'
        words = _words(site, test, weights[test.contender], out)
        doing.commands.append(shown(words))
        if out.is_file():
            continue  # of a call that was cut off
        left = pace.left(number - 1, len(tests))
        time_left = '' if left is None else f' ({lasting(left)} left)'
        print(f'    [{number}/{len(tests)}]{time_left} $ {shown(words)}', flush=True)
        run_stock(words, folder / 'test.log', say=_quiet)
    found = {test.name: folder / f'{test.name}.json' for test in tests}
    doing.files = list(found.values())
    doing.result.update(_figures(site, list(weights), found, synthetic[1], left_out))
    for line in figure_lines(doing.result):
        print(f'    {line}')


def _words(site: Site, test: Test, weights: str, out: Path) -> list[str]:
    config = site.work_dir / TEST_FOLDER / f'{test.name}.py'
    keypoints, truth = test.keypoints.resolve(), test.truth and test.truth.resolve()
    with write_whole(config) as file:
        text = test_config(test.contender, keypoints, out.resolve(), truth, test.cameras)
        file.write(text)
    logs = site.work_dir / TEST_FOLDER / 'logs' / test.name
    return command_line('test.py', config, weights, '--work-dir', logs)


def _quiet(line: str) -> None:
    """Of a test's output only the figures are news; they come in a table."""
    if 'Error' in line or 'error:' in line:
        print(line)


def _left_out(site: Site, space: Any) -> dict[str, str]:
    """Cameras to leave out in turn, and what the tests without them are called."""
    chosen = {}
    for name in cameras_to_leave_out(site.rig):
        others = site.rig.select([other for other in site.rig.names if other != name])
        try:
            check_space(others, space)
        except CalibrationError as error:
            print(f'    camera {name!r} is not left out: {error}')
            continue
        chosen[name] = f'without_{site.rig.names.index(name):02d}'
    return chosen


def _figures(
    site: Site,
    contenders: Sequence[str],
    found: Mapping[str, Path],
    truth: Path,
    left_out: Mapping[str, str],
) -> dict[str, Any]:
    """All that is counted, as plain data: by test, by contender."""
    true = read_predictions(truth)
    tallies: dict[str, dict[str, Tally]] = {HELD_OUT: {}}
    figures: dict[str, dict[str, dict[str, float | None]]] = {HELD_OUT: {}}
    for who in contenders:
        people = read_predictions(found[f'{who}_{HELD_OUT}'])
        tally, values = against_truth(true, people)
        tallies[HELD_OUT][who] = tally
        figures[HELD_OUT][who] = _plain({'score': float(tally.score()), **values})
    if site.keypoints is not None:
        figures[OWN], tallies[OWN] = {}, {}
        seen = _seen(site, site.work_dir / TEST_FOLDER / 'own' / 'keypoints_2d.json')
        fewer = _seen(site, site.work_dir / TEST_FOLDER / 'own' / 'fewer.json')
        for who in contenders:
            own = read_predictions(found[f'{who}_{OWN}'])
            views = {
                name: frames_of(read_predictions(found[f'{who}_{what}']), fewer, site.rig)
                for name, what in left_out.items()
            }
            result = unlabelled_figures(
                frames_of(own, seen, site.rig),
                own.skeleton.name,
                site.trained_skeleton,
                left_out=views,
            )
            tally = against_views(views)
            score = {'score': float(tally.score())} if left_out else {}
            figures[OWN][who] = _plain({**score, **result.figures()})
            if left_out:
                tallies[OWN][who] = tally
    counts = {
        where: {who: np.stack(dataclasses.astuple(t)).astype(int).tolist() for who, t in by.items()}
        for where, by in tallies.items()
        if by
    }
    return {'figures': figures, 'counts': counts, 'left_out': list(left_out)}


def _seen(site: Site, path: Path) -> dict[FrameId, np.ndarray]:
    skeleton, names = site.trained_skeleton, site.rig.names
    detections = read_detections(path, names, joints=skeleton)
    return {
        frame_id(frame): stack_views(views, names, len(skeleton))
        for frame, views in detections.items()
    }


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    """None for NaN, which JSON does not have."""
    return {key: round(value, 5) if np.isfinite(value) else None for key, value in values.items()}


def figure_lines(result: Mapping[str, Any]) -> list[str]:
    """The figures of all contenders side by side."""
    lines = []
    for where, columns in result['figures'].items():
        names = list(dict.fromkeys(name for values in columns.values() for name in values))
        wide = max(len(name) for name in names)
        lines.append(f'{where:{wide}s}' + ''.join(f'{who:>15s}' for who in columns))
        for name in names:
            cells = (columns[who].get(name) for who in columns)
            shown_cells = ('-' if cell is None else f'{cell:.3f}' for cell in cells)
            lines.append(f'{name:{wide}s}' + ''.join(f'{cell:>15s}' for cell in shown_cells))
        lines.append('')
    return lines[:-1]


def do_images(site: Site, record: Record, doing: Doing) -> None:
    """Draw the rig, and a few frames with what each contender found in them."""
    try:
        from mmpose_ours.visualization.figures.rig_sheet import write_rig_image
    except ImportError as error:
        print(f'    nothing is drawn ({error}); `pip install matplotlib` adds what is missing')
        return
    space = space_of_record(record.result('space'))
    folder = site.work_dir / IMAGE_FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    drawn = [folder / 'rig.png']
    write_rig_image(drawn[0], site.rig, space, _title(site))
    tests = record.result('test')['figures']
    for where, contenders in tests.items():
        drawn += _draw(site, space, where, list(contenders), folder)
    print(f'    {counted(len(drawn), "image")} in {folder}')
    doing.files = drawn
    doing.result = {'images': [str(path.relative_to(site.work_dir)) for path in drawn]}


def _title(site: Site) -> str:
    return f'{counted(len(site.rig), "camera")} of {site.folder.name}'


def _draw(
    site: Site, space: Any, where: str, contenders: Sequence[str], folder: Path
) -> list[Path]:
    from mmpose_ours.visualization.figures.sheet import write_image
    from mmpose_ours.visualization.figures.view_grid import draw_frame

    tests = site.work_dir / TEST_FOLDER
    seen = _seen(site, tests / where / 'keypoints_2d.json')
    truth = read_predictions(tests / where / 'poses_3d.json') if where == HELD_OUT else None
    found = {who: read_predictions(tests / f'{who}_{where}.json') for who in contenders}
    images = _images(site) if where == OWN else {}
    drawn = []
    # In the middle of each third.
    frames = list(seen)
    for row in sorted({int((n + 0.5) * len(frames) / IMAGES) for n in range(IMAGES)}):
        frame = frames[row]
        for who in contenders:
            poses = found[who].of(frame).xyz_mm
            image = draw_frame(
                site.rig,
                space,
                poses,
                site.trained_skeleton,
                truth=truth.of(frame).xyz_mm if truth is not None else None,
                images=[images.get((name, frame), _nothing)() for name in site.rig.names],
                keypoints_2d=seen[frame],
                title=f'{where} {frame}, {who}: {counted(len(poses), "person", "people")}',
            )
            drawn.append(folder / f'{where}_{file_name(str(frame).zfill(6))}_{who}.png')
            write_image(drawn[-1], image)
    return drawn


def _images(site: Site) -> dict[tuple[str, FrameId], Callable[[], Any]]:
    """How to read the image of a camera and frame, where there is one."""

    def read(path: Path) -> Any:
        try:
            return decoded(path)[..., ::-1]
        except (FileFormatError, OSError):
            return None

    readers: dict[tuple[str, FrameId], Callable[[], Any]] = {}
    media = find_media(site.folder, site.rig.names, site.rename, needed=False)
    for name, files in media.files.items():
        images = [path for path in files if not is_video(path)]
        for frame, path in zip(frames_of_images(images, media.names[name]), images):
            readers[name, frame_id(frame)] = functools.partial(read, path)
    return readers


def _nothing() -> None:
    """No image."""
