"""Scores of 3D poses without ground truth: reprojection, bone lengths, jitter."""
