"""Compiled geometry: association, triangulation and the body prior as loops over arrays.

The functions here work on NumPy arrays and are compiled by Numba; they know no skeleton, no file
and no tensor. What they compute is specified where they are called from.
"""
