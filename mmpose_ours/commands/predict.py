"""The command ``predict``: a recording in, people in 3D out, as files and as something to see."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

from mmpose_ours import __version__
from mmpose_ours.commands.arguments import add_frame_offsets, parse_offsets
from mmpose_ours.commands.progress import Progress
from mmpose_ours.detections.cache import made_here
from mmpose_ours.files import PathLike

KEYPOINTS = 'keypoints_2d.json'
PEOPLE = 'people.json'
# Without keypoints and without a word about the detector, this one: it works offline.
DETECTOR = 'mediapipe'
# Fewer people in 3D than this share of what views show on average is worth a diagnosis.
FEW = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        '--config',
        metavar='FILE',
        help='config of the model (default: the learned prior, whose weights come along)',
    )
    parser.add_argument('--checkpoint', metavar='FILE', help="weights (default: the config's)")
    parser.add_argument(
        '--rig',
        required=True,
        metavar='FILE',
        help='calibration of any format that `convert-calibration` reads',
    )
    parser.add_argument(
        '--img-root',
        metavar='DIR',
        help='pictures: a folder of images per camera (<camera>/), or a video (<camera>.mp4)',
    )
    add_recording(parser)
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for what is found')
    parser.add_argument(
        '--no-page', action='store_true', help='do not write the web page scene.html'
    )


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how a recording is read; the demos have them too."""
    parser.add_argument('--cameras', nargs='+', metavar='NAME', help='cameras to use')
    parser.add_argument(
        '--keypoints',
        metavar='FILE',
        help='people in 2D, of any format that `mmpose-ours keypoints` reads (default: '
        f'{KEYPOINTS} beside the pictures, where that is no detector of ours wrote it)',
    )
    parser.add_argument(
        '--detector',
        metavar='NAME',
        help='what finds people in the pictures: mediapipe (default), rtmlib, mmpose:MODEL',
    )
    add_frame_offsets(parser)
    parser.add_argument('--batch-size', type=int, default=4, metavar='N', help='instants at once')
    parser.add_argument(
        '--fps', type=float, metavar='N', help="instants per second (default: the videos')"
    )
    parser.add_argument('--smooth', action='store_true', help='smooth joints over time')
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: a GPU where there is one)')
    parser.add_argument(
        '--any-scale', action='store_true', help='accept a rig that is not one around people'
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0; 1 where nobody was found.

    Raises:
        ValueError, OSError, ImportError: As
            :class:`~mmpose_ours.inference.MultiviewInferencer`; the command line prints them.
    """
    inferencer = inferencer_of(args, args.config, args.checkpoint, args.rig)
    people = predict(inferencer, args, args.img_root, Path(args.out))
    if people and not args.no_page:
        look(args, args.rig, args.img_root, Path(args.out))
    return 0 if people else 1


def inferencer_of(
    args: argparse.Namespace, config: PathLike | None, checkpoint: PathLike | None, rig: PathLike
) -> Any:
    """The inferencer that the options describe."""
    from mmpose_ours.inference import MultiviewInferencer

    return MultiviewInferencer(
        config,
        checkpoint,
        rig,
        cameras=args.cameras,
        device=args.device,
        any_scale=args.any_scale,
    )


def predict(inferencer: Any, args: argparse.Namespace, img_root: PathLike | None, out: Path) -> int:
    """Find everybody in a recording and write ``people.json``.

    Args:
        inferencer: A :class:`~mmpose_ours.inference.MultiviewInferencer`.
        args: Options of :func:`add_recording`.
        img_root: Folder of the pictures, if there are any.
        out: Folder for what is found.

    Returns:
        How many people there are, in all instants together.
    """
    from mmpose_ours.detectors import detector
    from mmpose_ours.results import PredictionsWriter

    keypoints, keep = args.keypoints, None
    if not inferencer.sees_pictures:
        keypoints, keep = _keypoint_files(args, img_root, out)
    if keep is not None:
        inferencer.detector = detector(args.detector or DETECTOR)
    instants = inferencer(
        img_root,
        keypoints,
        keep_keypoints=keep,
        frame_offsets=parse_offsets(args.frame_offsets),
        batch_size=args.batch_size,
        smooth=args.smooth,
        fps=args.fps,
    )
    # With the first instant it is known how many there are, and how long one lasts.
    first = next(instants, None)
    footage = inferencer.footage
    total = footage.total if footage is not None else 0
    fps = args.fps or (footage.fps if footage is not None else None)
    out.mkdir(parents=True, exist_ok=True)
    progress, told = Progress('people in 3D', 'instants'), 0
    with PredictionsWriter(
        out / PEOPLE,
        inferencer.model.joints.name,
        fps,
        rig=inferencer.rig.fingerprint,
        made_by=_made_by(inferencer, args),
    ) as writer:
        for done, people in enumerate(itertools.chain([first] if first else [], instants), 1):
            writer.add(
                people.frame,
                people.poses_mm,
                scores=people.scores,
                ids=people.ids,
                views=people.views,
                spread_mm=people.spread_mm,
            )
            for note in inferencer.notes[told:]:
                print(f'note    {note}')
            told = len(inferencer.notes)
            progress(done, total)
    for note in inferencer.notes[told:]:
        print(f'note    {note}')
    _report(inferencer, out)
    return inferencer.witness.found


def look(
    args: argparse.Namespace, rig: PathLike, img_root: PathLike | None, out: Path, *more: str
) -> None:
    """Write the web page, and other pictures where options of ``mmpose-ours view`` ask for them."""
    from mmpose_ours.commands import view

    parser = argparse.ArgumentParser()
    view.add_arguments(parser)
    words = [str(out / PEOPLE), '--rig', str(rig), '--out', str(out), *more]
    words += ['--img-root', str(img_root)] if img_root else []
    words += ['--fps', str(args.fps)] if args.fps else []
    words += ['--cameras', *args.cameras] if args.cameras else []
    words += ['--frame-offsets', *args.frame_offsets] if args.frame_offsets else []
    keypoints = args.keypoints or (Path(img_root) / KEYPOINTS if img_root else out / KEYPOINTS)
    words += ['--keypoints', str(keypoints)] if Path(keypoints).exists() else []
    view.run(parser.parse_args(words))


def _keypoint_files(
    args: argparse.Namespace, img_root: PathLike | None, out: Path
) -> tuple[Path | None, Path | None]:
    """Keypoints to work from, and where to keep those that are detected."""
    if args.keypoints:
        return Path(args.keypoints), None
    if img_root is None:
        raise ValueError('nothing to work on; give --img-root, --keypoints, or both')
    beside = Path(img_root) / KEYPOINTS
    if not beside.exists() or made_here(beside):
        return None, beside
    if args.detector:
        return None, out / KEYPOINTS
    print(f'keypoints {beside}, which are there already; --detector NAME looks at the pictures')
    return beside, None


def _made_by(inferencer: Any, args: argparse.Namespace) -> dict[str, str]:
    config = getattr(inferencer.config, 'filename', None)
    return {
        'program': f'mmpose_ours {__version__}',
        'model': type(inferencer.model).__name__,
        'config': Path(config).name if config else '',
        'detector': getattr(inferencer.detector, 'name', ''),
    }


def _report(inferencer: Any, out: Path) -> None:
    witness = inferencer.witness
    print(f'people  {witness.found} in {witness.instants} instants -> {out / PEOPLE}')
    print(f'time    {inferencer.timing()}')
    shown = witness.people / max(1, len(inferencer.rig))
    if not witness.found or witness.found < FEW * shown:
        print('\nhardly anybody was found. Why?' if witness.found else '\nnobody was found. Why?')
        print(inferencer.diagnose())
