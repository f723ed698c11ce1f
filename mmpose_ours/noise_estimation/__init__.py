"""Measure a 2D detector's noise on a recording, without 3D ground truth."""
