"""Readers of whole file formats: what a file claims is checked before it is built."""
