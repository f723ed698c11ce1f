"""Cross-view association: which detections of several views are the same person."""
