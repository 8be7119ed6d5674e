"""Links alone: nothing of the size of the dense weight is ever allocated."""
