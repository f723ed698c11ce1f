"""Cross-view association on tensors: rays, proposals, duplicate suppression."""
