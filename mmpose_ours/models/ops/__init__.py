"""Operations on tensors that several models share."""
