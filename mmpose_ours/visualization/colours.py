"""A colour per track, the same in images, films and the page.

The colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any
of the common kinds of colour blindness tell apart. A track's number stands beside its
colour wherever it is drawn, for there are more people than colours.
"""

from __future__ import annotations

import collections
from typing import Iterable

# Neighbours in this order differ most; black is the lines' and the text's.
OKABE_ITO = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#f0e442')


def track_colour(track_id: int) -> str:
    """The colour of a track ID where nobody knows who else will come."""
    return OKABE_ITO[int(track_id) % len(OKABE_ITO)]


def track_colours(ids: Iterable[Iterable[int]]) -> dict[int, str]:
    """A colour for everybody in a recording, different for those who are there together.

    Args:
        ids: Per frame (P,) track IDs.

    Returns:
        Track ID to colour, in the order of appearance. Who meets fewer others than there are
        colours shares a colour with nobody that they meet.
    """
    met: dict[int, set[int]] = {}
    for there in ids:
        together = {int(track_id) for track_id in there}
        for track_id in together:
            met.setdefault(track_id, set()).update(together - {track_id})
    chosen: dict[int, str] = {}
    everyone: collections.Counter[str] = collections.Counter()
    for track_id, others in met.items():
        theirs = collections.Counter(chosen[other] for other in others if other in chosen)
        colour = min(OKABE_ITO, key=lambda c: (theirs[c], everyone[c]))
        chosen[track_id] = colour
        everyone[colour] += 1
    return chosen


def rgb_of(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers of 0 to 255."""
    red, green, blue = bytes.fromhex(colour.lstrip('#'))
    return red, green, blue
