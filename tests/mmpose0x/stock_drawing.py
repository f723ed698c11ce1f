"""How stock 0.29 draws, said anew: where it puts a peak, and which pixels it writes.

``GenerateInputHeatmaps`` moves a peak to a whole pixel (by up to two, to the upper left), and cuts
it off at whole pixels too, nearer or farther than three sigma. MMPose 1.x draws it where it is and
cuts at three sigma.
"""

import numpy as np

BASE_SIZE = 96.0


def person_sigmas(joints, visible, sigma=3.0):
    """(P,) widths of people (P, J, 2) in heatmap pixels; 0 for one with no visible joint."""
    widths = []
    for person, seen in zip(joints, visible):
        length = np.ptp(person[seen], axis=0).max() if seen.any() else 0.0
        length = np.clip(length, BASE_SIZE / 2, 2 * BASE_SIZE)
        widths.append(sigma * np.sqrt(2) * length / BASE_SIZE if seen.any() else 0.0)
    return np.array(widths)


def peak_pixel(mu, sigma):
    """The whole pixel that a peak at mu (2,) is moved to."""
    corner = [int(int(axis) - 3 * sigma) for axis in mu]
    return np.array(corner) + (6 * sigma + 1) // 2


def written(mu, sigma, size):
    """(height, width) bool, the pixels of a peak's window."""
    low = [int(int(axis) - 3 * sigma) for axis in mu]
    high = [int(int(axis) + 3 * sigma + 1) for axis in mu]
    columns, rows = ((np.arange(n) >= a) & (np.arange(n) < b) for n, a, b in zip(size, low, high))
    return rows[:, None] & columns


def within(peak, sigma, size):
    """(height, width) bool, the pixels that 1.x writes of a peak (2,)."""
    columns, rows = (np.abs(np.arange(n) - at) <= 3 * sigma for n, at in zip(size, peak))
    return rows[:, None] & columns
