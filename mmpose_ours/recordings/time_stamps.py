"""Time stamps in two parts at the end of images' names, as one number.

``1699123456.042`` (seconds, or with more digits milliseconds of ``rs-convert``), the same with
RealSense's decimals, and ``1699123456_042000000`` (ROS: seconds and nanoseconds). Stamps of one
number need no reading.
"""

from __future__ import annotations

import re

MILLION = 10**6
_STAMP = re.compile(r'(?:^|[_-])(?:(\d{9,})\.(\d+)|([12]\d{9})_(\d{9}))$')
# With few digits before the point, where nothing else is in the name.
_DECIMAL = re.compile(r'(\d+)\.(\d+)')


def stamp_in(name: str, camera: str = '') -> tuple[str, int] | None:
    """A stamp of two parts at the end of a name.

    Args:
        name: That of an image, without its ending.
        camera: Its camera's, with which it may begin.

    Returns:
        What stands before it, without the separator, and the stamp in millionths; None where
        there is none.

    Examples:
        >>> stamp_in('cam_a_1699123456.042'), stamp_in('12.5'), stamp_in('rec_000012')
        (('cam_a', 1699123456042000), ('', 12500000), None)
    """
    own = re.match(f'{re.escape(camera)}[_.-]', name) if camera else None
    name = name[own.end() :] if own else name
    found = _STAMP.search(name) or _DECIMAL.fullmatch(name)
    if found is None:
        return None
    whole, part = [each for each in found.groups() if each]
    return name[: found.start()], int(whole) * MILLION + int(part.ljust(6, '0')[:6])
