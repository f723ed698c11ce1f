"""Pipelines of many steps behind one command."""
