"""Which of the contenders to use from now on, in a sentence."""

from __future__ import annotations

import dataclasses
from typing import Mapping, Sequence

from mmpose_ours.text import counted
from mmpose_ours.workflows.train_rig.job import BOX, TRAINED, TRIANGULATION
from mmpose_ours.workflows.train_rig.scores import Difference, Tally, difference

NAMES = {
    TRAINED: 'the model trained for this rig',
    BOX: 'the pretrained pose prior',
    TRIANGULATION: 'plain triangulation',
}
# Neighbouring frames of a recording err alike; synthetic ones have nothing in common.
OWN_BLOCK = 25
HELD_OUT, OWN = 'synthetic', 'own'
WHERE = {HELD_OUT: 'on synthetic people', OWN: 'on your recording, in cameras left out'}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the comparison comes to.

    Args:
        use: The contender to use.
        sentence: Whether the trained model is better than the other, by how much.
        differences: Of the trained model from each other contender: by test.
        beaten: Why another than the trained model or the one in the box is to be used, or ''.
    """

    use: str
    sentence: str
    differences: dict[str, dict[str, Difference]]
    beaten: str = ''


def judge(tallies: Mapping[str, Mapping[str, Tally]]) -> Verdict:
    """Compare contenders on all tests.

    One is better if a test says so beyond doubt and none says the contrary. Where the trained
    model is not, the one in the box is used, and triangulation where it is better than that.

    Args:
        tallies: By test, by contender, joints of the same frames.
    """
    contenders = list(next(iter(tallies.values())))
    rival = BOX if BOX in contenders else TRIANGULATION
    differences = {
        other: _compare(tallies, TRAINED, other) for other in contenders if other != TRAINED
    }
    use = TRAINED if _wins(differences[rival]) else rival
    sentence = _sentence(differences[rival], rival)
    if use == TRIANGULATION or TRIANGULATION not in contenders or rival == TRIANGULATION:
        return Verdict(use, sentence, differences)
    against = _compare(tallies, TRIANGULATION, use)
    if not _wins(against):
        return Verdict(use, sentence, differences)
    said = '; '.join(_said(where, found) for where, found in against.items())
    beaten = f'{NAMES[TRIANGULATION].capitalize()} is better than {NAMES[use]}: {said}.'
    return Verdict(TRIANGULATION, sentence, differences, beaten)


def _compare(
    tallies: Mapping[str, Mapping[str, Tally]], one: str, other: str
) -> dict[str, Difference]:
    found = {
        where: difference(tally[one], tally[other], OWN_BLOCK if where == OWN else 1)
        for where, tally in tallies.items()
    }
    return {where: entry for where, entry in found.items() if entry.points == entry.points}


def _wins(found: Mapping[str, Difference]) -> bool:
    better = any(entry.better for entry in found.values())
    return better and not any(entry.worse for entry in found.values())


def _sentence(found: Mapping[str, Difference], rival: str) -> str:
    said = '; '.join(_said(where, entry) for where, entry in _own_first(found))
    name = NAMES[rival]
    if not found:
        return f'Nothing could be compared, so {name} stays.'
    if _wins(found):
        return f'The trained model is better than {name}: {said}.'
    if any(entry.better for entry in found.values()):
        return f'The trained model is better than {name} in one test and worse in another: {said}.'
    if any(entry.worse for entry in found.values()):
        return f'The trained model is worse than {name}: {said}.'
    return f'No difference of the trained model from {name} can be determined: {said}.'


def _own_first(found: Mapping[str, Difference]) -> Sequence[tuple[str, Difference]]:
    return sorted(found.items(), key=lambda item: item[0] != OWN)


def _said(where: str, found: Difference) -> str:
    return (
        f'{found.points:+.2f} points {WHERE[where]} (95 %: {found.low:+.2f} to {found.high:+.2f}, '
        f'{counted(found.frames, "frame")})'
    )
