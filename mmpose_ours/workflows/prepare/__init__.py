"""From the official downloads of Campus, Shelf and CMU Panoptic to data folders."""
